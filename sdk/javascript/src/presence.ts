/** Who is online in the tenant, as far as this client was told. Empty before `connect()` and after `disconnect()`. */
export interface ChatPresence {
  /** True if the user has at least one open connection. */
  isOnline(userId: string): boolean;
  /** Everybody who is online, the connected user included; at most 10,000. */
  readonly onlineUserIds: readonly string[];
}

/** Keeps the presence of the tenant from a snapshot and the changes after it. */
export class TenantPresence implements ChatPresence {
  #online = new Set<string>();
  #list: readonly string[] | undefined;

  isOnline(userId: string): boolean {
    return this.#online.has(userId);
  }

  get onlineUserIds(): readonly string[] {
    this.#list ??= Object.freeze([...this.#online]);
    return this.#list;
  }

  /** Replaces everything that is known; false if it was known already. */
  replace(userIds: readonly string[]): boolean {
    const online = new Set(userIds);
    if (online.size === this.#online.size && userIds.every((userId) => this.#online.has(userId))) return false;
    this.#online = online;
    this.#list = undefined;
    return true;
  }

  /** Takes one change; false if it was known already. */
  set(userId: string, isOnline: boolean): boolean {
    if (this.#online.has(userId) === isOnline) return false;
    if (isOnline) this.#online.add(userId);
    else this.#online.delete(userId);
    this.#list = undefined;
    return true;
  }
}
