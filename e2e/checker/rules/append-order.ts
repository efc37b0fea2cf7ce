import type { Facts } from "../facts.ts";
import type { Violation } from "../violation.ts";

/**
 * Rule 2: appends are linearizable. What was acknowledged before a sending began has a smaller `seq`. The places are
 * given by the server and each message is unique, so one pass with a running maximum decides it, without a search.
 */
export function* checkAppendOrder({ history, sends, rowsOfSend }: Facts): Generator<Violation> {
  const latestOk = new Map<string, { readonly seq: number; readonly entry: object }>();
  const before = new Map<string, { readonly seq: number; readonly entry: object }>();
  for (const entry of history.entries) {
    if (entry.kind === "invoke") {
      const latest = latestOk.get(entry.room);
      if (latest) before.set(entry.sendId, latest);
    } else if (entry.kind === "ok") {
      const room = sends.get(entry.sendId)?.invoke.room ?? "";
      if (entry.seq > (latestOk.get(room)?.seq ?? 0)) latestOk.set(room, { seq: entry.seq, entry });
    }
  }
  for (const [sendId, latest] of before) {
    const { invoke, answer } = sends.get(sendId) ?? {};
    const seq = answer?.kind === "ok" ? answer.seq : rowsOfSend.get(sendId)?.[0]?.seq;
    if (!invoke || seq === undefined || seq > latest.seq) continue;
    yield {
      rule: 2,
      fault: "inverted",
      tenant: invoke.tenant,
      room: invoke.room,
      message: sendId,
      sentence: `it got seq ${seq}, although ${latest.seq} had been acknowledged before it was sent`,
      evidence: [latest.entry, invoke, ...(answer ? [answer] : [])],
    };
  }
}
