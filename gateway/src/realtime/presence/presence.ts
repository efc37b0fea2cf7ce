import { limits } from "@sendsar/protocol/limits";
import type { Bus } from "../cluster/bus.ts";
import { openRoomChannel, tenantChannel } from "../channels.ts";
import type { Fanout } from "../fanout.ts";
import type { Timers } from "../timers.ts";
import type { PresenceMessage } from "./replica.ts";
import { createPresenceReplica } from "./replica.ts";
import { createPresenceView } from "./view.ts";

/**
 * Who is online in a tenant, and who has a room open, over all gateways; each tells its own sockets. A user is online
 * while a socket of theirs is open anywhere, and for some seconds after the last one closed: reloads, token renewals
 * and restarts of a gateway do not flicker (contract 5.3).
 */
export interface Presence {
  /** A socket of the user opened, or closed. */
  arrive(tenantId: string, userId: string): void;
  leave(tenantId: string, userId: string): void;
  /** A socket of the user opened the room, or closed it. */
  openRoom(tenantId: string, roomId: string, userId: string): void;
  closeRoom(tenantId: string, roomId: string, userId: string): void;
  /** The user is no participant any more. */
  closeRoomFor(tenantId: string, roomId: string, userId: string): void;
  /** Users online, the caller included, bounded by `presenceSnapshotMax`. */
  online(tenantId: string): string[];
  /** Users who have the room open. */
  inRoom(tenantId: string, roomId: string): string[];
  /** Sockets that a user has here. */
  socketsOf(tenantId: string, userId: string): number;
  /** What other gateways said may have been missed. */
  resync(): void;
  stop(): void;
}

export interface PresenceOptions {
  readonly self: string;
  readonly bus: Bus;
  readonly fanout: Pick<Fanout, "toChannel">;
  readonly timers: Timers;
}

export const createPresence = ({ self, bus, fanout, timers }: PresenceOptions): Presence => {
  /** By tenant: users who are gone and still shown online, and the timers that end it. */
  const leaving = new Map<string, Map<string, unknown>>();

  const tellTenant = (tenantId: string, userId: string, online: boolean): void =>
    fanout.toChannel(tenantChannel(tenantId), "tenant-presence", { userId, online });

  const onTenantChange = (tenantId: string, userId: string, here: boolean): void => {
    const users = leaving.get(tenantId) ?? new Map<string, unknown>();
    const forget = (): void => {
      users.delete(userId);
      if (users.size === 0) leaving.delete(tenantId);
    };
    if (!here) {
      const end = (): void => {
        forget();
        tellTenant(tenantId, userId, false);
      };
      users.set(userId, timers.setTimeout(end, limits.presenceOfflineDelayMs));
      leaving.set(tenantId, users);
    } else if (users.has(userId)) {
      timers.clearTimeout(users.get(userId));
      forget();
    } else tellTenant(tenantId, userId, true);
  };

  const view = createPresenceView((place, userId, here) => {
    const [tenantId = "", roomId] = place.split("/");
    if (roomId === undefined) onTenantChange(tenantId, userId, here);
    else fanout.toChannel(openRoomChannel(tenantId, roomId), "presence", { roomId, userId, online: here });
  });
  const replica = createPresenceReplica({
    self,
    view,
    timers,
    now: () => performance.now(),
    send: (message) => bus.send("presence", message),
  });
  bus.on("presence", (message) => replica.hear(message as PresenceMessage));

  return {
    arrive: (tenantId, userId) => replica.enter(tenantId, userId),
    leave: (tenantId, userId) => replica.leave(tenantId, userId),
    openRoom: (tenantId, roomId, userId) => replica.enter(`${tenantId}/${roomId}`, userId),
    closeRoom: (tenantId, roomId, userId) => replica.leave(`${tenantId}/${roomId}`, userId),
    closeRoomFor: (tenantId, roomId, userId) => replica.leaveAll(`${tenantId}/${roomId}`, userId),
    online: (tenantId) =>
      [...view.usersIn(tenantId), ...(leaving.get(tenantId)?.keys() ?? [])].slice(0, limits.presenceSnapshotMax),
    inRoom: (tenantId, roomId) => [...view.usersIn(`${tenantId}/${roomId}`)],
    socketsOf: (tenantId, userId) => replica.count(tenantId, userId),
    resync: replica.resync,
    stop() {
      replica.stop();
      for (const users of leaving.values()) for (const timer of users.values()) timers.clearTimeout(timer);
    },
  };
};
