import { NIL, validate as isUuid } from "uuid";

/**
 * A message's id as the store takes it. A text that is no UUID becomes one that no message has, so that it is refused at
 * the same point as an unknown message: after it is known whether the room is the caller's.
 */
export const toMessageId = (given: string): string => (isUuid(given) ? given.toLowerCase() : NIL);
