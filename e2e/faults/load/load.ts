import { makeParts, printOf } from "./payload.ts";
import type { Random } from "./random.ts";
import type { Recorder } from "./recorder.ts";
import type { Sender } from "./sender.ts";

/** Senders at work. */
export interface Load {
  /** Acknowledged messages so far. */
  readonly acknowledged: number;
  /** How the tries ended, by status or reason. */
  readonly tally: ReadonlyMap<string, number>;
  /** Where messages are sent to. */
  readonly rooms: ReadonlySet<string>;
  /** The latest acknowledged message of each room. */
  readonly latest: ReadonlyMap<string, { readonly id: string; readonly at: number }>;
  /** Sends no more, and waits until the fate of all that was sent is known or given up. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly recorder: Recorder;
  readonly random: Random;
  readonly senders: readonly Sender[];
  /** Of all senders together. */
  readonly messagesPerSecond: number;
  /** Begins the id of every sending. */
  readonly name: string;
  /** Characters of a message, where they are not to be as in life. */
  readonly chars?: number;
}

/** A sending is given up after this; nobody knows then whether it was stored. */
const patienceMs = 60_000;
/** The same, once the load is to stop. */
const lastPatienceMs = 20_000;
const retryMsMin = 100;
const retryMsMax = 1000;

/**
 * Starts to send. Each sender sends one message after the other, and tries again with the same id while the outcome is
 * unclear, as an app does that must not lose a message. Who was held up does not make up for it in a burst.
 */
export const startLoad = (options: LoadOptions): Load => {
  const { recorder, random, senders, messagesPerSecond, name, chars } = options;
  const tally = new Map<string, number>();
  const latest = new Map<string, { id: string; at: number }>();
  const intervalMs = (1000 * senders.length) / messagesPerSecond;
  const stopping = new AbortController();
  let acknowledged = 0;
  let stoppedAt = Infinity;

  const deliver = async (sender: Sender, sendId: string): Promise<void> => {
    const { tenant, user } = sender;
    const room = random.pick(sender.rooms);
    const parts = makeParts(sendId, random, chars);
    recorder.note({ kind: "invoke", sendId, tenant, room, sender: user, print: printOf(parts as never) });
    const startedAt = recorder.now();
    for (let retryMs = retryMsMin; ; retryMs = Math.min(retryMsMax, retryMs * 2)) {
      const attempt = await sender.send(room, sendId, parts);
      tally.set(attempt.label, (tally.get(attempt.label) ?? 0) + 1);
      if (attempt.kind === "ok") {
        const { id, seq } = attempt;
        recorder.note({ kind: "ok", sendId, id, seq });
        latest.set(room, { id, at: recorder.now() });
        acknowledged++;
        return;
      }
      const reason = attempt.label;
      if (attempt.kind === "refused") return recorder.note({ kind: "fail", sendId, reason });
      const giveUpAt = Math.min(startedAt + patienceMs, stoppedAt + lastPatienceMs);
      if (recorder.now() > giveUpAt) return recorder.note({ kind: "info", sendId, reason });
      await sleep(retryMs * (0.5 + random.next() / 2));
    }
  };

  const work = async (sender: Sender, index: number): Promise<void> => {
    let dueAt = recorder.now() + intervalMs * random.next();
    for (let n = 0; !stopping.signal.aborted; n++) {
      await sleep(dueAt - recorder.now(), stopping.signal);
      if (stopping.signal.aborted) return;
      await deliver(sender, `${name}-${index}-${n}`);
      dueAt = Math.max(recorder.now(), dueAt + intervalMs);
    }
  };

  const working = Promise.all(senders.map(work));
  return {
    get acknowledged() {
      return acknowledged;
    },
    tally,
    rooms: new Set(senders.flatMap((sender) => sender.rooms)),
    latest,
    async stop() {
      stoppedAt = recorder.now();
      stopping.abort();
      await working;
    },
  };
};

/** Waits, or until the signal. */
export const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const timer = setTimeout(done, Math.max(0, ms));
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    }
    signal?.addEventListener("abort", done);
  });
