import { spawn } from "node:child_process";
import { sendSignal } from "../../scripts/process/processes.ts";
import { waitUntil } from "../../scripts/process/wait.ts";

/** A server of an example, as a process with all that it starts. Disposing ends it. */
export interface ExampleServer extends AsyncDisposable {
  /** Where it listens. */
  readonly url: string;
  /** Everything that it printed so far. */
  readonly output: () => string;
}

export interface ExampleServerOptions {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
}

/** A compiled language compiles first. */
const startMsMax = 120_000;

/** Starts it and waits until it answers. Throws with its output if it ends instead. */
export const startExampleServer = async (options: ExampleServerOptions): Promise<ExampleServer> => {
  const [program = "", ...args] = options.command;
  const { cwd, port } = options;
  const env = { ...process.env, ...options.env, PORT: String(port) };
  const child = spawn(program, args, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", (error) => {
      output += error.message;
      resolve();
    });
  });
  const hasEnded = (): boolean => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    if (child.pid !== undefined) sendSignal(-child.pid, "SIGKILL");
    await ended;
  };
  const isUp = await waitUntil(() => hasEnded() || answers(url), { limitMs: startMsMax, everyMs: 50 });
  if (hasEnded() || !isUp) {
    await stop();
    throw new Error(`unable to start ${options.command.join(" ")}; it printed ${output}`);
  }
  return { url, output: () => output, [Symbol.asyncDispose]: stop };
};

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    async (response) => {
      await response.body?.cancel();
      return true;
    },
    () => false,
  );
