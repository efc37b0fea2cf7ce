import type { Facts } from "../facts.ts";
import type { Violation } from "../violation.ts";

/** Rule 5: however often a message was sent again, it is stored once. */
export function* checkOneRow({ rowsOfSend, sends }: Facts): Generator<Violation> {
  for (const [sendId, rows] of rowsOfSend) {
    const send = sends.get(sendId);
    if (rows.length < 2 || !send) continue;
    const { tenant, room } = send.invoke;
    const sentence = `it is stored ${rows.length} times, as seq ${rows.map(({ seq }) => seq).join(" and ")}`;
    yield { rule: 5, fault: "duplicated", tenant, room, message: sendId, sentence, evidence: [send.invoke, ...rows] };
  }
}
