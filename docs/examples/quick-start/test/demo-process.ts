import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** `server.ts` as a process, started with a channel as `npm start` does. Disposing ends it. */
export interface DemoProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Everything that it printed so far. */
  readonly output: () => string;
  /** Resolves with the exit code when it has ended and all it printed was read; null if a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Where it listens; rejects if it ends before that. */
  readonly url: Promise<string>;
}

/** Starts it with exactly these variables. */
export const startDemoProcess = (env: Readonly<Record<string, string>>): DemoProcess => {
  const child = fork(serverFile, {
    env: { ...env },
    execPath: process.execPath,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  let output = "";
  for (const stream of streams) stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  // Not the event `close`: it does not come any more once the parent has cut the channel.
  const drained = Promise.all(streams.map((stream) => once(stream, "close")));
  const ended = once(child, "exit").then(async ([code]) => {
    await drained;
    return code as number | null;
  });
  const listening = once(child, "message").then(([message]) => (message as { url: string }).url);
  const url = Promise.race([
    listening,
    ended.then((code) => {
      throw new Error(`the demo ended with ${code} before it listened: ${output}`);
    }),
  ]);
  // A test that expects the end never asks for the address.
  url.catch(() => undefined);
  return {
    child,
    output: () => output,
    ended,
    url,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
};

const serverFile = fileURLToPath(new URL("../server.ts", import.meta.url));
