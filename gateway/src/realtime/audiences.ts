import { LRUCache } from "lru-cache";
import type { ChatServer } from "./io.ts";
import type { Line } from "./line.ts";
import { lineOf } from "./line.ts";

/** Sockets that are remembered as the audience of some channel, all together. */
const membersMax = 1_000_000;

/**
 * Finds the sockets of a channel that are connected here, but for those that are in `exceptChannel` as well. Of a channel
 * without exception the answer is remembered until somebody joins or leaves it: the same list, the same people.
 */
export const createAudiences = (io: ChatServer): ((channel: string, exceptChannel: string) => readonly Line[]) => {
  const { adapter, sockets } = io.of("/");
  const remembered = new LRUCache<string, readonly Line[]>({
    maxSize: membersMax,
    sizeCalculation: (audience) => audience.length,
  });
  for (const change of ["join-room", "leave-room"]) {
    adapter.on(change, (channel: string) => void remembered.delete(channel));
  }

  const look = (channel: string, exceptChannel: string): readonly Line[] => {
    const except = exceptChannel === "" ? undefined : adapter.rooms.get(exceptChannel);
    const found: Line[] = [];
    for (const id of adapter.rooms.get(channel) ?? []) {
      const socket = except?.has(id) ? undefined : sockets.get(id);
      if (socket) found.push(lineOf(socket));
    }
    return found;
  };

  return (channel, exceptChannel) => {
    if (exceptChannel !== "") return look(channel, exceptChannel);
    const known = remembered.get(channel);
    if (known) return known;
    const found = look(channel, "");
    // Somebody who is in the channel and not connected yet would stay away: such a list is not kept.
    if (found.length > 0 && found.length === adapter.rooms.get(channel)?.size) remembered.set(channel, found);
    return found;
  };
};
