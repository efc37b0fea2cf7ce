import type { Facts } from "./facts.ts";
import { lastFirstSight } from "./standing.ts";

/** Numbers about a run. Times are in milliseconds; zero where nothing was measured. */
export interface Figures {
  readonly sent: number;
  readonly acknowledged: number;
  readonly refused: number;
  /** Sendings of which nobody knows whether they were stored. */
  readonly unknown: number;
  /** Rows of messages in the database. */
  readonly stored: number;
  /** Messages that clients were shown live. */
  readonly shown: number;
  readonly reconnects: number;
  /** From sending to acknowledgement. */
  readonly ack: Spread;
  /** From acknowledgement to a client that was connected; 0 when it was faster than the answer. */
  readonly delivery: Spread;
  /** The longest that a client was without a whole view: from losing its connection to having caught up. */
  readonly longestGapMs: number;
  /** From the end of the last fault to the moment when the last client had everything. */
  readonly catchUpMs: number;
}

export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Measures a run. Linear: spreads come from a histogram. */
export const measure = (facts: Facts): Figures => {
  const ack = createHistogram();
  const delivery = createHistogram();
  const answers = { ok: 0, fail: 0, info: 0 };
  const okAt = new Map<string, number>();
  let shown = 0;
  for (const entry of facts.history.entries) {
    if (entry.kind === "ok" || entry.kind === "fail" || entry.kind === "info") answers[entry.kind]++;
    if (entry.kind === "ok") {
      okAt.set(entry.sendId, entry.at);
      ack.add(entry.at - (facts.sends.get(entry.sendId)?.invoke.at ?? entry.at));
    }
    if (entry.kind === "recv") {
      shown++;
      const acknowledged = entry.sendId === null ? undefined : okAt.get(entry.sendId);
      if (entry.sendId !== null) delivery.add(acknowledged === undefined ? 0 : entry.at - acknowledged);
    }
  }
  return {
    sent: facts.sends.size,
    acknowledged: answers.ok,
    refused: answers.fail,
    unknown: facts.sends.size - answers.ok - answers.fail,
    stored: facts.history.rooms.reduce((sum, { rows }) => sum + rows.length, 0),
    shown,
    ...measureGaps(facts),
    ack: ack.spread(),
    delivery: delivery.spread(),
    catchUpMs: Math.max(0, lastSightOf(facts) - facts.history.quietAt),
  };
};

/** When the last client got the last message that it did not have. */
const lastSightOf = ({ views }: Facts): number => {
  let latest = 0;
  for (const rooms of views.values())
    for (const view of rooms.values()) latest = Math.max(latest, lastFirstSight(view));
  return latest;
};

const measureGaps = ({ history }: Facts): { readonly reconnects: number; readonly longestGapMs: number } => {
  const goneSince = new Map<string, number>();
  let reconnects = 0;
  let longestGapMs = 0;
  for (const entry of history.entries) {
    if (entry.kind === "disconnect" && !goneSince.has(entry.client)) goneSince.set(entry.client, entry.at);
    if (entry.kind === "connect" && entry.epoch > 1) reconnects++;
    if (entry.kind === "synced") {
      const since = goneSince.get(entry.client);
      if (since !== undefined) longestGapMs = Math.max(longestGapMs, entry.at - since);
      goneSince.delete(entry.client);
    }
  }
  return { reconnects, longestGapMs };
};

/** Of whole milliseconds up to ten minutes; what is longer counts as that. */
const createHistogram = () => {
  const counts = new Uint32Array(600_001);
  let total = 0;
  let max = 0;
  const at = (share: number): number => {
    let seen = 0;
    for (let ms = 0; ms < counts.length; ms++) {
      seen += counts[ms] ?? 0;
      if (total > 0 && seen >= total * share) return ms;
    }
    return 0;
  };
  return {
    add(ms: number): void {
      const whole = Math.min(counts.length - 1, Math.max(0, Math.round(ms)));
      counts[whole] = (counts[whole] ?? 0) + 1;
      total++;
      max = Math.max(max, whole);
    },
    spread: (): Spread => ({ p50: at(0.5), p99: at(0.99), max }),
  };
};
