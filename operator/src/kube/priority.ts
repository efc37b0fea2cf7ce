/** From the most urgent to the least. */
export const priorities = ["high", "normal", "low"] as const;

/**
 * Somebody has changed what they want and waits for it: `high`. Something was changed that follows from it: `normal`. What
 * merely comes round again (start, resync): `low`.
 */
export type Priority = (typeof priorities)[number];
