import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { sendSignal } from "../process/processes.ts";
import { projectDir } from "../start/home.ts";
import type { TestGateway } from "./gateway.ts";

/** A gateway in a process of its own, as it runs in production. Disposing kills it, however the test went. */
export interface GatewayProcess extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  /** Origin, without `/v1`. */
  readonly url: string;
  /** Everything that it printed, a line each. */
  readonly log: readonly string[];
  /** Resolves when it has ended, with the way it did: `exit code 1` or `signal SIGKILL`. */
  readonly ended: Promise<string>;
  /** Undefined while it runs. */
  readonly end: string | undefined;
  signal(signal: NodeJS.Signals): void;
  /** Memory that it still holds when its garbage is collected, in bytes: heap and what is held outside of it. */
  heldBytes(): Promise<number>;
}

const heldBytesArgs = ["--expose-gc", "--import", new URL("held-bytes.ts", import.meta.url).href];

/** Starts one on the database of another gateway. `env` adds to its environment. */
export const startGatewayProcess = async (
  { database, masterKey }: Pick<TestGateway, "database" | "masterKey">,
  env: Readonly<Record<string, string>> = {},
): Promise<GatewayProcess> => {
  const child = spawn(process.execPath, [...heldBytesArgs, join(projectDir, "gateway/src/main.ts")], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: {
      PATH: process.env["PATH"] ?? "",
      PORT: "0",
      HOST: "127.0.0.1",
      DATABASE_URL: database.gatewayUrl,
      DATABASE_POOL_MAX: "4",
      MASTER_KEY: masterKey,
      LOG_LEVEL: "debug",
      RATE_LIMITS: "off",
      ...env,
    },
  });
  const log: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      log.push(...lines);
    });
  }
  let end: string | undefined;
  const ended = once(child, "exit").then(([code, signal]) => (end = signal ? `signal ${signal}` : `exit code ${code}`));
  const ready = once(child, "message").then(([message]) => (message as { port: number }).port);
  const port = await Promise.race([ready, ended.then(() => undefined)]);
  const { pid } = child;
  if (port === undefined || pid === undefined) {
    throw new Error(`unable to start a gateway; it ended with ${end}: ${log.join("\n")}`);
  }
  return {
    pid,
    port,
    url: `http://127.0.0.1:${port}`,
    log,
    ended,
    get end() {
      return end;
    },
    signal: (signal) => void sendSignal(pid, signal),
    async heldBytes() {
      const told = once(child, "message");
      sendSignal(pid, "SIGUSR2");
      const answer = await Promise.race([told, ended]);
      if (typeof answer === "string") throw new Error(`unable to ask a gateway what it holds; it ended with ${answer}`);
      return (answer[0] as { heldBytes: number }).heldBytes;
    },
    async [Symbol.asyncDispose]() {
      if (end === undefined) sendSignal(pid, "SIGKILL");
      await ended;
    },
  };
};
