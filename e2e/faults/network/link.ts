import type { Socket } from "node:net";

/**
 * What a link does with what passes through it.
 * - `open`: hands it on
 * - `hold`: nothing passes; what was sent meanwhile passes once the link is open again, as after an outage of a network
 * - `dead`: nothing passes ever again, and neither side is told: a half-open connection
 * - `slow`: late by `delayMs`, at most `bytesPerSecond`; a share of `stalls` waits `stallMs` more, as when packets are
 *   lost and sent again
 */
export type LinkMode =
  | { readonly kind: "open" }
  | { readonly kind: "hold"; readonly direction: "up" | "down" | "both" }
  | { readonly kind: "dead" }
  | {
      readonly kind: "slow";
      readonly delayMs: number;
      readonly bytesPerSecond: number;
      readonly stalls: number;
      readonly stallMs: number;
    };

/** One connection through a proxy. `up` is from the client to the target. */
export interface Link {
  /** Name of the target. */
  readonly target: string;
  setMode(mode: LinkMode): void;
  /** Resets both connections. */
  reset(): void;
  /** Resolves when both connections are closed. */
  readonly closed: Promise<void>;
}

/** What may be on its way in one direction of a slow link. */
const queueBytesMax = 262_144;

/** Links two sockets. Each is read only as fast as the other takes it. */
export const createLink = (target: string, client: Socket, upstream: Socket, random: () => number): Link => {
  let mode: LinkMode = { kind: "open" };
  const up = createPipe(client, upstream, "up", () => mode, random);
  const down = createPipe(upstream, client, "down", () => mode, random);
  const isDead = (): boolean => mode.kind === "dead";
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    one.setNoDelay(true);
    // A reset is told as a reset; `close` follows in any case.
    one.on("error", () => !isDead() && other.resetAndDestroy());
    one.on("close", () => !isDead() && other.destroySoon());
  }
  const closed = Promise.all(
    [client, upstream].map((socket) => new Promise((resolve) => socket.once("close", resolve))),
  );
  return {
    target,
    closed: closed.then(() => undefined),
    setMode(next) {
      if (isDead()) return;
      mode = next;
      up.look();
      down.look();
    },
    reset() {
      client.resetAndDestroy();
      upstream.resetAndDestroy();
    },
  };
};

interface Pipe {
  /** The mode has changed. */
  look(): void;
}

const createPipe = (
  from: Socket,
  to: Socket,
  direction: "up" | "down",
  modeOf: () => LinkMode,
  random: () => number,
): Pipe => {
  const queue: { readonly chunk: Buffer; readonly dueAt: number }[] = [];
  let queuedBytes = 0;
  let lastDueAt = 0;
  const isShut = (): boolean => {
    const mode = modeOf();
    return (
      mode.kind === "dead" || (mode.kind === "hold" && (mode.direction === "both" || mode.direction === direction))
    );
  };
  const look = (): void => {
    if (isShut() || queuedBytes > queueBytesMax || to.writableNeedDrain) from.pause();
    else from.resume();
  };
  const dueAt = (bytes: number): number => {
    const mode = modeOf();
    if (mode.kind !== "slow") return lastDueAt;
    const stall = random() < mode.stalls ? mode.stallMs : 0;
    const transferMs = (bytes / mode.bytesPerSecond) * 1000;
    lastDueAt = Math.max(performance.now() + mode.delayMs, lastDueAt) + stall + transferMs;
    return lastDueAt;
  };
  const write = (chunk: Buffer): void => {
    if (!to.destroyed) to.write(chunk);
  };
  /** Writes what is due; one timer waits for the next, so the order stays. */
  const release = (): void => {
    for (let next = queue[0]; next; next = queue[0]) {
      const wait = next.dueAt - performance.now();
      if (wait > 0) {
        setTimeout(release, Math.ceil(wait));
        break;
      }
      queue.shift();
      queuedBytes -= next.chunk.length;
      write(next.chunk);
    }
    look();
  };
  from.on("data", (chunk: Buffer) => {
    const at = dueAt(chunk.length);
    if (queue.length === 0 && at <= performance.now()) {
      write(chunk);
    } else {
      queue.push({ chunk, dueAt: at });
      queuedBytes += chunk.length;
      if (queue.length === 1) release();
    }
    look();
  });
  to.on("drain", look);
  return { look };
};
