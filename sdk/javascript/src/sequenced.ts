/** An event that has a place in a room's order. */
export interface Sequenced {
  readonly name: string;
  readonly roomId: string;
  readonly seq: number;
  readonly payload: unknown;
}

/**
 * True for a payload with a place in a room's order. The payload decides, not the event's name: an event that this SDK
 * does not know takes its place as well.
 */
export function isSequenced(payload: unknown): payload is { readonly roomId: string; readonly seq: number } {
  if (typeof payload !== "object" || payload === null) return false;
  const { roomId, seq } = payload as { readonly roomId?: unknown; readonly seq?: unknown };
  return typeof roomId === "string" && Number.isSafeInteger(seq);
}
