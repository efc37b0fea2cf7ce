import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { projectDir } from "../start/home.ts";
import { sendSignal } from "../process/processes.ts";
import { reasonOf } from "../process/sentence.ts";

export interface CommandOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** True: the output is kept and answered. False: it goes to the terminal. */
  readonly quiet: boolean;
  /** Ends the command and all that it started. */
  readonly signal: AbortSignal;
}

export interface CommandResult {
  /** Undefined if a signal ended it or it could not be started. */
  readonly exitCode: number | undefined;
  readonly output: string;
}

const stopMsMax = 3000;
const outputCharsMax = 1_000_000;

/** Runs a command in the root of the project, in a process group of its own. */
export const runCommand = async ({ command, args, env, quiet, signal }: CommandOptions): Promise<CommandResult> => {
  const output = quiet ? "pipe" : "inherit";
  const child = spawn(command, args, {
    cwd: projectDir,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ["ignore", output, output],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (chunk: string) => (text = (text + chunk).slice(-outputCharsMax)));
  }
  const stop = (): void => void stopGroup(child.pid);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const exitCode = await new Promise<number | undefined>((resolve) => {
    child.once("close", (code) => resolve(code ?? undefined));
    child.once("error", (error) => {
      text += reasonOf(error);
      resolve(undefined);
    });
  });
  signal.removeEventListener("abort", stop);
  return { exitCode, output: text };
};

const stopGroup = async (pid: number | undefined): Promise<void> => {
  if (pid === undefined || !sendSignal(-pid, "SIGTERM")) return;
  await delay(stopMsMax, undefined, { ref: false });
  sendSignal(-pid, "SIGKILL");
};
