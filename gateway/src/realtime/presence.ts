import { limits } from "@sendsar/protocol/limits";

/** Timers, so that tests need not wait. */
export interface Timers {
  setTimeout(callback: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/**
 * Who is online, by tenant. A user is online while one of its sockets is open, and for some seconds after the last one
 * closed: reloads, token renewals and restarts of a gateway do not flicker (contract 5.3).
 */
export interface Presence {
  /** A socket opened. */
  arrive(tenantId: string, userId: string): void;
  /** A socket closed. */
  leave(tenantId: string, userId: string): void;
  /** Ids of the users online, bounded by `presenceSnapshotMax`. */
  snapshot(tenantId: string): string[];
  /** Sockets that a user has open. */
  socketsOf(tenantId: string, userId: string): number;
  /** Forgets all timers. */
  stop(): void;
}

export interface PresenceOptions {
  readonly timers: Timers;
  readonly onChange: (tenantId: string, userId: string, online: boolean) => void;
}

interface Entry {
  sockets: number;
  /** Running while the user has no socket and is still shown online. */
  timer: unknown;
}

export const createPresence = ({ timers, onChange }: PresenceOptions): Presence => {
  const tenants = new Map<string, Map<string, Entry>>();

  const goOffline = (tenantId: string, userId: string): void => {
    const users = tenants.get(tenantId);
    users?.delete(userId);
    if (users?.size === 0) tenants.delete(tenantId);
    onChange(tenantId, userId, false);
  };

  return {
    arrive(tenantId, userId) {
      const users = tenants.get(tenantId) ?? new Map<string, Entry>();
      tenants.set(tenantId, users);
      const entry = users.get(userId);
      if (!entry) {
        users.set(userId, { sockets: 1, timer: undefined });
        onChange(tenantId, userId, true);
        return;
      }
      entry.sockets++;
      timers.clearTimeout(entry.timer);
      entry.timer = undefined;
    },
    leave(tenantId, userId) {
      const entry = tenants.get(tenantId)?.get(userId);
      if (!entry || --entry.sockets > 0) return;
      entry.timer = timers.setTimeout(() => goOffline(tenantId, userId), limits.presenceOfflineDelayMs);
    },
    snapshot: (tenantId) => [...(tenants.get(tenantId)?.keys() ?? [])].slice(0, limits.presenceSnapshotMax),
    socketsOf: (tenantId, userId) => tenants.get(tenantId)?.get(userId)?.sockets ?? 0,
    stop() {
      for (const users of tenants.values()) for (const entry of users.values()) timers.clearTimeout(entry.timer);
      tenants.clear();
    },
  };
};
