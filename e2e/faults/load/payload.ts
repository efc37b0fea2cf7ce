import type { Seen } from "../../checker/history.ts";
import type { Random } from "./random.ts";

interface Part {
  readonly type: string;
  readonly text?: unknown;
}

/** A message as it comes over the wire, as far as the harness looks at it. */
export interface WireMessage {
  readonly id: string;
  readonly roomId: string;
  readonly seq: number;
  readonly clientMessageId: string | null;
  readonly parts: readonly Part[];
}

/** What a text part may have. */
const partCharsMax = 9000;
const filler = 'The quick brown fox, "quoted" and \\escaped\\, jumps över the 懶狗 and the 🦊. ';

/**
 * A payload that no other sending has, of a size that is met in chats: mostly short, sometimes around the 8,000 bytes
 * that a notification of Postgres holds, at most 16 KB.
 */
export const makeParts = (sendId: string, random: Random, chars = pickSize(random)): readonly Part[] => {
  const text = `${sendId} ${filler.repeat(Math.ceil(chars / filler.length))}`.slice(0, Math.max(chars, sendId.length));
  const first = text.slice(0, partCharsMax).toWellFormed();
  const rest = text.slice(partCharsMax).toWellFormed();
  return [{ type: "text", text: first }, ...(rest === "" ? [] : [{ type: "text", text: rest }])];
};

const pickSize = (random: Random): number => {
  const dice = random.next();
  if (dice < 0.75) return random.between(10, 400);
  if (dice < 0.9) return random.between(400, 3000);
  if (dice < 0.97) return random.between(7900, 8100);
  return random.between(8100, 15_500);
};

/** Stands for a payload: another one has another print, for all that matters here. */
export const printOf = (parts: readonly Part[]): string => {
  const text = parts.map(({ type, text: words }) => (typeof words === "string" ? words : type)).join("|");
  // FNV-1a, 32 bits.
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return `${text.length}:${(hash >>> 0).toString(36)}`;
};

/** A message as the checker wants it. */
export const toSeen = ({ id, seq, clientMessageId, parts }: WireMessage): Seen => {
  return { id, seq, sendId: clientMessageId, print: printOf(parts) };
};
