import type { Facts, RoomFacts, View } from "./facts.ts";
import { isMemberNow } from "./facts.ts";

/** True if the client must have all of the room at the end: it is still there, and its user is in the room. */
export const mustHaveAll = (room: RoomFacts, { client }: View): boolean =>
  client.staysToTheEnd && room.truth.tenant === client.tenant && isMemberNow(room, client.user);

/**
 * True if the client is connected at the end, and its view of the room is whole: a plain client's in that connection, a
 * resuming client's since it was last told of a hole.
 */
export const hasCaughtUp = ({ connections }: Facts, view: View): boolean => {
  const last = connections.get(view.client.client)?.at(-1);
  if (last?.kind !== "connect") return false;
  const state = view.entries.findLast(({ kind }) => kind === "synced" || kind === "resync");
  if (state?.kind !== "synced") return false;
  return view.client.kind === "resuming" || state.epoch === last.epoch;
};

/** When the client saw, for the first time, the message that it saw last. */
export const lastFirstSight = (view: View): number => {
  const shown = new Set<string>();
  let latest = 0;
  for (const entry of view.entries) {
    if (entry.kind !== "recv" && entry.kind !== "read") continue;
    for (const { id } of entry.kind === "recv" ? [entry] : entry.messages) {
      if (shown.has(id)) continue;
      shown.add(id);
      latest = entry.at;
    }
  }
  return latest;
};
