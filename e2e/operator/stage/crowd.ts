import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { sendSignal } from "../../../scripts/process/processes.ts";
import { waitUntil } from "../../../scripts/process/wait.ts";
import type { Move } from "./moves.ts";

/** Clients as the published ones are, each with one socket, in a process of their own. Disposing ends them. */
export interface Crowd extends AsyncDisposable {
  readonly size: number;
  /** How many are connected at this moment. Throws when their process has ended. */
  connected(): number;
  /** Every connection that was lost, in order of time. */
  readonly moves: readonly Move[];
  /** Refusals after which a client does not try again. */
  readonly refusals: readonly string[];
}

/** What the process is told. */
export interface CrowdOrder {
  readonly origin: string;
  /** One for each socket. */
  readonly tokens: readonly string[];
  /** How fast they come for the first time. */
  readonly connectsPerSecond: number;
}

/** What the process tells. */
export interface CrowdNews {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Index of its token. */
  readonly socket: number;
  readonly what: "connected" | "lost" | "refused";
  readonly reason?: string;
}

const patienceMs = 60_000;

/** Lets them come, and waits until all are connected. */
export const startCrowd = async (order: CrowdOrder): Promise<Crowd> => {
  const size = order.tokens.length;
  const child = spawn(process.execPath, [join(import.meta.dirname, "crowd-process.ts")], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: { PATH: process.env["PATH"] ?? "" },
  });
  await once(child, "spawn");
  const { pid = 0 } = child;
  let isOver = false;
  const ended = once(child, "exit").then(() => void (isOver = true));
  await using parts = new AsyncDisposableStack();
  parts.defer(async () => {
    sendSignal(pid, "SIGKILL");
    await ended;
  });
  const book = keepBook();
  child.on("message", (news: CrowdNews) => book.enter(news));
  const connected = (): number => {
    if (isOver) throw new Error("unable to count the crowd; its process has ended");
    return book.connected();
  };
  child.send(order);
  const limitMs = (size / order.connectsPerSecond) * 1000 + patienceMs;
  if (!(await waitUntil(() => connected() === size, { limitMs, everyMs: 100 }))) {
    throw new Error(`unable to gather ${size} clients; ${connected()} came: ${book.refusals.slice(0, 3).join(", ")}`);
  }
  const gathered = parts.move();
  return {
    size,
    connected,
    moves: book.moves,
    refusals: book.refusals,
    [Symbol.asyncDispose]: () => gathered.disposeAsync(),
  };
};

/** Makes moves out of news. */
const keepBook = () => {
  const here = new Set<number>();
  const moves: { -readonly [K in keyof Move]: Move[K] }[] = [];
  const away = new Map<number, (typeof moves)[number]>();
  const refusals: string[] = [];
  return {
    moves,
    refusals,
    connected: () => here.size,
    enter({ at, socket, what, reason = "" }: CrowdNews): void {
      if (what === "refused") return void refusals.push(reason);
      if (what === "lost") {
        here.delete(socket);
        const move = { socket, lostAt: at, backAt: undefined };
        moves.push(move);
        return void away.set(socket, move);
      }
      here.add(socket);
      const move = away.get(socket);
      if (move) move.backAt = at;
      away.delete(socket);
    },
  };
};
