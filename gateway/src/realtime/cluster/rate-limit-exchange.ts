import type { SharedRateLimiter, Use } from "../../chat/rate-limiter/rate-limiter.ts";
import type { Timers } from "../timers.ts";
import type { Bus } from "./bus.ts";

/**
 * Tells the other gateways what was let through here, and the limiter what they let through.
 *
 * What is used within `collectMs` travels together; of what does not fit into `messagesMax` messages the rest follows
 * `collectMs` later. A message that is lost is not made up for: the others let through that much more, once.
 */
export interface RateLimitExchange {
  stop(): void;
}

const collectMs = 50;
const messagesMax = 8;
const usesMax = 500;
/** Of one message between gateways, with room for the adapter's envelope below the 8,000 bytes of NOTIFY. */
const messageBytesMax = 6500;

export const startRateLimitExchange = (limiter: SharedRateLimiter, bus: Bus, timers: Timers): RateLimitExchange => {
  let timer: unknown;
  let waiting: readonly Use[] = [];

  const tell = (): void => {
    timer = undefined;
    const messages = toMessages([...waiting, ...limiter.collect(usesMax - waiting.length)]);
    for (const message of messages.slice(0, messagesMax)) bus.send("uses", message);
    waiting = messages.slice(messagesMax).flat();
    // There may be more, and `onUse` is called only after there was nothing.
    if (messages.length > 0) schedule();
  };
  const schedule = (): void => {
    timer ??= timers.setTimeout(tell, collectMs);
  };

  limiter.onUse(schedule);
  bus.on("uses", (uses) => limiter.hear(uses));
  return { stop: () => timers.clearTimeout(timer) };
};

const toMessages = (uses: readonly Use[]): Use[][] => {
  const messages: Use[][] = [];
  let bytes = Infinity;
  for (const use of uses) {
    const size = Buffer.byteLength(JSON.stringify(use));
    if (bytes + size > messageBytesMax) {
      messages.push([]);
      bytes = 0;
    }
    messages.at(-1)?.push(use);
    bytes += size;
  }
  return messages;
};
