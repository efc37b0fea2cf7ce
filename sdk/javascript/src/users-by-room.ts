/** Users by room, for who is somewhere or does something now. Calls back with the room whose users are others than before. */
export class UsersByRoom {
  readonly #rooms = new Map<string, Set<string>>();
  readonly #onChange: (roomId: string, userIds: readonly string[]) => void;

  constructor(onChange: (roomId: string, userIds: readonly string[]) => void) {
    this.#onChange = onChange;
  }

  /** The users of a room, in the order in which they came. */
  of(roomId: string): readonly string[] {
    return [...(this.#rooms.get(roomId.toLowerCase()) ?? [])];
  }

  set(roomId: string, userId: string, isIn: boolean): void {
    const users = this.#rooms.get(roomId.toLowerCase());
    if ((users?.has(userId) ?? false) === isIn) return;
    this.replace(roomId, isIn ? [...(users ?? []), userId] : [...(users ?? [])].filter((other) => other !== userId));
  }

  replace(roomId: string, userIds: readonly string[]): void {
    const before = this.of(roomId);
    if (before.length === userIds.length && userIds.every((userId) => before.includes(userId))) return;
    const key = roomId.toLowerCase();
    if (userIds.length === 0) this.#rooms.delete(key);
    else this.#rooms.set(key, new Set(userIds));
    this.#onChange(roomId, this.of(roomId));
  }

  /** Nobody is known to be anywhere any more. */
  clear(): void {
    for (const roomId of [...this.#rooms.keys()]) this.replace(roomId, []);
  }
}
