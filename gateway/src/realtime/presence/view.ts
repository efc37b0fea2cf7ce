/**
 * Who is where, as all gateways together see it: a user is somewhere while at least one gateway says so. Pure.
 * A place is a tenant, or a room that is open on somebody's screen; a source is a gateway.
 */
export interface PresenceView {
  set(source: string, place: string, userId: string, here: boolean): void;
  /** All that a source says from now on is this. */
  replace(source: string, entries: readonly (readonly [place: string, userId: string])[]): void;
  /** The source is gone, and all that it said. */
  drop(source: string): void;
  has(place: string, userId: string): boolean;
  /** Does another source than this one say so? */
  hasBeside(source: string, place: string, userId: string): boolean;
  usersIn(place: string): readonly string[];
}

/** `onChange` is called when a user comes to a place or is gone from it. */
export const createPresenceView = (onChange: (place: string, userId: string, here: boolean) => void): PresenceView => {
  const sources = new Map<string, Map<string, Set<string>>>();
  const counts = new Map<string, Map<string, number>>();

  const count = (place: string, userId: string, by: 1 | -1): void => {
    const users = counts.get(place) ?? new Map<string, number>();
    counts.set(place, users);
    const before = users.get(userId) ?? 0;
    const after = before + by;
    if (after === 0) users.delete(userId);
    else users.set(userId, after);
    if (users.size === 0) counts.delete(place);
    if (before === 0 || after === 0) onChange(place, userId, after > 0);
  };

  const set: PresenceView["set"] = (source, place, userId, here) => {
    const places = sources.get(source) ?? new Map<string, Set<string>>();
    sources.set(source, places);
    const users = places.get(place) ?? new Set<string>();
    if (users.has(userId) === here) return;
    if (here) places.set(place, users.add(userId));
    else if (users.delete(userId) && users.size === 0) places.delete(place);
    count(place, userId, here ? 1 : -1);
  };

  const entriesOf = (source: string): (readonly [string, string])[] =>
    [...(sources.get(source) ?? [])].flatMap(([place, users]) => [...users].map((userId) => [place, userId] as const));

  return {
    set,
    replace(source, entries) {
      // First those who are there, so that nobody who stays is seen to go.
      for (const [place, userId] of entries) set(source, place, userId, true);
      const kept = new Set(entries.map((entry) => JSON.stringify(entry)));
      for (const entry of entriesOf(source))
        if (!kept.has(JSON.stringify(entry))) set(source, entry[0], entry[1], false);
    },
    drop(source) {
      for (const [place, userId] of entriesOf(source)) set(source, place, userId, false);
      sources.delete(source);
    },
    has: (place, userId) => counts.get(place)?.has(userId) ?? false,
    hasBeside(source, place, userId) {
      const own = sources.get(source)?.get(place)?.has(userId) ? 1 : 0;
      return (counts.get(place)?.get(userId) ?? 0) > own;
    },
    usersIn: (place) => [...(counts.get(place)?.keys() ?? [])],
  };
};
