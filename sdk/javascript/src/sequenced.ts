/** An event that has a place in a room's order. */
export interface Sequenced {
  readonly name: string;
  readonly roomId: string;
  /** Its place. */
  readonly seq: number;
  readonly payload: unknown;
}

/**
 * An event with its place in a room's order; undefined if it has none. The place is `changeSeq`, of something that has
 * changed and carries its own older `seq`, or else `seq`. The payload decides, not the event's name: an event that this SDK
 * does not know takes its place as well.
 */
export function toSequenced(name: string, payload: unknown): Sequenced | undefined {
  if (typeof payload !== "object" || payload === null) return undefined;
  const { roomId, seq, changeSeq = name === "message-updated" ? undefined : seq } = payload as Places;
  if (typeof roomId !== "string" || !Number.isSafeInteger(changeSeq)) return undefined;
  return { name, roomId, seq: changeSeq as number, payload };
}

interface Places {
  readonly roomId?: unknown;
  readonly seq?: unknown;
  readonly changeSeq?: unknown;
}
