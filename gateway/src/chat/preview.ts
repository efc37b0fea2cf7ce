import { limits } from "@sendsar/protocol/limits";
import type { MessagePart } from "@sendsar/protocol/objects/message";

/** One line for lists and notifications: the text, else "Attachment" for a file, else nothing (contract 4.1). */
export const previewOf = (parts: readonly MessagePart[]): string | undefined => {
  const line = parts
    .flatMap((part) => (part.type === "text" && typeof part["text"] === "string" ? [part["text"]] : []))
    .join(" ")
    .replace(/\s+/gu, " ")
    .trim();
  if (line !== "") return cut(line);
  return parts.some((part) => part.type === "file") ? "Attachment" : undefined;
};

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Cuts between what a reader sees as characters, so no emoji is torn apart. */
const cut = (line: string): string => {
  if (line.length <= limits.previewCharsMax) return line;
  let end = 0;
  for (const { index, segment } of graphemes.segment(line.slice(0, limits.previewCharsMax * 2))) {
    if (index + segment.length > limits.previewCharsMax - 1) break;
    end = index + segment.length;
  }
  return `${line.slice(0, end)}…`;
};
