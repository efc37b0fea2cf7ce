import type { ChatClient } from "../clients/chat-client.ts";
import { sleep } from "./load.ts";
import type { Random } from "./random.ts";
import type { Recorder } from "./recorder.ts";
import type { Rest } from "./rest.ts";

/** Something that goes on beside the load until it is stopped. */
export interface Churn {
  stop(): Promise<void>;
}

/** People who come and go: each of the clients loses its connection, or is closed and opened again, over and over. */
export const startClientChurn = (clients: readonly ChatClient[], random: Random): Churn =>
  repeat(async (signal) => {
    await sleep(random.between(1000, 4000) / Math.max(1, clients.length / 3), signal);
    if (signal.aborted || clients.length === 0) return;
    const client = random.pick(clients);
    if (!client.isStarted) return;
    if (random.next() < 0.5) {
      client.cut();
      return;
    }
    client.leave();
    await sleep(random.between(200, 2500), signal);
    client.start();
  });

export interface Guest {
  readonly user: string;
  readonly room: string;
}

export interface MembershipChurnOptions {
  readonly recorder: Recorder;
  readonly random: Random;
  readonly rest: Rest;
  readonly tenant: string;
  /** Whoever changes the memberships: an operator of the rooms. */
  readonly operator: string;
  readonly guests: readonly Guest[];
}

/** Guests are added to their rooms and removed from them, one change at a time. */
export const startMembershipChurn = (options: MembershipChurnOptions): Churn => {
  const { recorder, random, rest, tenant, operator, guests } = options;
  const isIn = new Map<Guest, boolean>();

  const change = async (guest: Guest): Promise<void> => {
    const { room, user } = guest;
    const action = isIn.get(guest) ? "remove" : "add";
    const since = recorder.now();
    const outcome = await ask(() =>
      action === "add"
        ? rest.call("POST", `/chat/rooms/${room}/participants`, { userId: user, actorUserId: operator })
        : rest.call("DELETE", `/chat/rooms/${room}/participants/${user}?actorUserId=${operator}`),
    );
    recorder.note({ kind: "membership", since, tenant, room, user, action, outcome });
    // What is not known is tried the other way round next; both are safe to repeat.
    isIn.set(guest, action === "add");
  };

  return repeat(async (signal) => {
    await sleep(random.between(200, 900), signal);
    if (!signal.aborted && guests.length > 0) await change(random.pick(guests));
  });
};

/** Users whose app was refused for good, and who open it again and again until it works. */
export interface Retries extends Churn {
  /** Names of the clients that were refused. */
  readonly refused: ReadonlySet<string>;
}

export const startRetries = (clients: readonly ChatClient[]): Retries => {
  const refused = new Set<string>();
  const { stop } = repeat(async (signal) => {
    for (const client of clients.filter(({ counts }) => counts.refusals.length > 0)) {
      refused.add(client.facts.client);
      client.counts.refusals = [];
      // Whoever has closed the app meanwhile opens it later.
      if (!client.isStarted) continue;
      client.leave();
      client.start();
    }
    await sleep(100, signal);
  });
  return { refused, stop };
};

const ask = async (call: () => Promise<{ readonly status: number }>): Promise<"ok" | "fail" | "info"> => {
  try {
    const { status } = await call();
    if (status === 200) return "ok";
    return status >= 400 && status < 500 && status !== 429 ? "fail" : "info";
  } catch {
    // No whole answer: it may have been done.
    return "info";
  }
};

const repeat = (work: (signal: AbortSignal) => Promise<void>): Churn => {
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) await work(stopping.signal);
  };
  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
};
