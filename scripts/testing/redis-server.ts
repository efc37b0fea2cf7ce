import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { freePort } from "../process/ports.ts";

/** A Redis of one test's own. Disposing kills it. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Runs a command and answers what it printed. */
  command(...args: readonly string[]): Promise<string>;
  /** Ends it without a word, and starts another one on the same port. */
  kill(): Promise<void>;
  restart(): Promise<void>;
}

/** Starts one on a free port of 127.0.0.1; undefined where there is no `redis-server` to be started. */
export const startRedisServer = async (): Promise<RedisServer | undefined> => {
  const port = await freePort();
  let child = await spawnServer(port);
  if (!child) return undefined;
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return child?.pid ?? 0;
    },
    command: (...args) => runCommand(port, args),
    kill,
    async restart() {
      await kill();
      child = await spawnServer(port);
    },
    [Symbol.asyncDispose]: kill,
  };
};

const spawnServer = async (port: number): Promise<ChildProcess | undefined> => {
  const args = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", "/tmp"];
  const child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "inherit"] });
  try {
    await once(child, "spawn");
  } catch {
    // It is not on the path.
    return undefined;
  }
  let text = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.includes("Ready to accept connections")) resolve();
    });
    child.once("exit", () => reject(new Error(`unable to start Redis; ${text}`)));
  });
  return child;
};

/** In the form of the protocol that a person could type; a bulk answer comes with its length before it. */
const runCommand = async (port: number, args: readonly string[]): Promise<string> => {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(`*${args.length}\r\n${args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`).join("")}`);
  socket.write("QUIT\r\n");
  let text = "";
  for await (const chunk of socket.setEncoding("utf8")) text += String(chunk);
  if (text.startsWith("-")) throw new Error(`unable to run ${args.join(" ")}; ${text.trim()}`);
  return text;
};
