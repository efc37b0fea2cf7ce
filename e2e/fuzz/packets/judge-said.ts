import { downEvents } from "@sendsar/protocol/events/down";
import { findInsides } from "../../../scripts/testing/insides.ts";

/** What is wrong with a frame from the gateway; undefined if it is one of the contract. */
export const judgeSaid = (frame: string, secrets: readonly string[]): string | undefined => {
  if (secrets.some((secret) => frame.includes(secret))) return `it shows what belongs to another tenant: ${frame}`;
  // Engine.IO's own: open, close, ping, pong, no operation. A namespace that was entered or left.
  if (/^[01236]|^40\{|^41(\/|$)/.test(frame)) return undefined;
  // A namespace that is refused.
  if (frame.startsWith("44")) return insideOf(frame);
  const [, json] = /^42(\[.*\])$/s.exec(frame) ?? [];
  if (json === undefined) return `a frame that no client expects: ${frame}`;
  const [name, payload, ...more] = JSON.parse(json) as [string, unknown, ...unknown[]];
  const known = Object.hasOwn(downEvents, name) ? downEvents[name as keyof typeof downEvents] : undefined;
  if (!known || more.length > 0) return `an event that is not in the contract: ${frame}`;
  const { error } = known.payload.safeParse(payload);
  if (error) return `${name} with a payload that does not fit: ${error.message}`;
  return name === "error" ? insideOf(frame) : undefined;
};

const insideOf = (frame: string): string | undefined => {
  const inside = findInsides(frame);
  return inside === undefined ? undefined : `it shows the inside, ${inside}: ${frame}`;
};
