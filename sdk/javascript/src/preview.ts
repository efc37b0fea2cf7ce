import { callLogOf, formatCallPreview } from "./call-log.ts";
import { type NameOf, formatMembership, membershipOf } from "./membership.ts";
import type { MessagePart } from "./wire.ts";

/** Characters of a preview; longer text is cut and ends with an ellipsis (contract 4.1). */
export const previewCharsMax = 140;

/**
 * One line for lists of rooms and notifications, as the server makes it: the text on one line, else what a call log or a
 * membership line says, else "Attachment" for a file, else null. For what the server has not seen yet, such as a message
 * in the outbox, and for names of your own in membership lines.
 *
 * @example
 * import { previewTextOf } from "@sendsar/chat-sdk-javascript";
 *
 * console.log(previewTextOf([{ type: "text", text: "two\nlines" }])); // "two lines"
 * console.log(previewTextOf([{ type: "file", uploadId: "u1" }])); // "Attachment"
 */
export function previewTextOf(parts: readonly MessagePart[], nameOf?: NameOf): string | null {
  const line = parts
    .flatMap((part) => (part.type === "text" && typeof part["text"] === "string" ? [part["text"]] : []))
    .join(" ")
    .replace(/\s+/gu, " ")
    .trim();
  if (line !== "") return cut(line);
  const call = callLogOf(parts);
  if (call !== undefined) return formatCallPreview(call);
  const membership = membershipOf(parts);
  if (membership !== undefined) return cut(formatMembership(membership, nameOf));
  return parts.some(({ type }) => type === "file") ? "Attachment" : null;
}

/** Cuts between what a reader sees as characters, so no emoji is torn apart. */
function cut(line: string): string {
  if (line.length <= previewCharsMax) return line;
  let end = 0;
  for (const { index, segment } of segmentsOf(line.slice(0, previewCharsMax * 2))) {
    if (index + segment.length > previewCharsMax - 1) break;
    end = index + segment.length;
  }
  return `${line.slice(0, end)}…`;
}

interface Segment {
  readonly index: number;
  readonly segment: string;
}

/** What a reader sees as characters, or code points where the browser cannot tell (Firefox before 125). */
function segmentsOf(text: string): Iterable<Segment> {
  if ("Segmenter" in Intl) return new Intl.Segmenter("en", { granularity: "grapheme" }).segment(text);
  let index = 0;
  return Array.from(text, (segment) => ({ segment, index: (index += segment.length) - segment.length }));
}
