import type { Facts, View } from "../facts.ts";
import { hasCaughtUp, lastFirstSight, mustHaveAll } from "../standing.ts";
import type { Violation } from "../violation.ts";

/** Rule 8: whoever is there at the end is connected, has caught up, and was shown the last message in time. */
export function* checkCatchUp(facts: Facts): Generator<Violation> {
  const { quietAt, catchUpMsMax } = facts.history;
  for (const views of facts.views.values()) {
    for (const view of views.values()) {
      const room = facts.rooms.get(view.room);
      if (!room || !mustHaveAll(room, view)) continue;
      if (!hasCaughtUp(facts, view)) {
        yield late(facts, view, `${view.client.client} has not come back or not caught up by the end`);
        continue;
      }
      const latest = lastFirstSight(view);
      if (latest <= quietAt + catchUpMsMax) continue;
      const seconds = ((latest - quietAt) / 1000).toFixed(1);
      yield late(facts, view, `${view.client.client} got its last message ${seconds} s after the last fault`);
    }
  }
}

const late = ({ connections }: Facts, view: View, sentence: string): Violation => ({
  rule: 8,
  fault: "not caught up",
  tenant: view.client.tenant,
  room: view.room,
  message: "",
  sentence,
  evidence: [...(connections.get(view.client.client)?.slice(-2) ?? []), ...view.entries.slice(-2)],
});
