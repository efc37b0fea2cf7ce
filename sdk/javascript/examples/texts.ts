import {
  type ChatSettings,
  type Message,
  callLogOf,
  deletedTextOf,
  formatCall,
  formatCallPreview,
  formatMembership,
  isDeleted,
  isHidden,
  membershipOf,
  previewTextOf,
  textFromMessageParts,
} from "../src/sendsar.ts";

// docs:start(text-of)
/** What the thread shows of a message; undefined for one that must not be shown. */
export function textOf(message: Message, userId: string, settings?: ChatSettings): string | undefined {
  if (isHidden(message, settings)) return undefined;
  if (isDeleted(message)) return deletedTextOf(settings);
  const membership = membershipOf(message.parts);
  if (membership) return formatMembership(membership);
  const call = callLogOf(message.parts);
  if (call) return formatCall(call, userId);
  return textFromMessageParts(message.parts);
}
// docs:end(text-of)

/** Previews. */
export function printPreviews(): void {
  // docs:start(previews)
  console.log(previewTextOf([{ type: "text", text: "two\nlines" }])); // "two lines"
  console.log(previewTextOf([{ type: "file", uploadId: "u1" }])); // "Attachment"
  const data = { callId: "c1", callType: "video", outcome: "completed", initiatedByUserId: "ann", isGroup: false };
  const call = callLogOf([{ type: "data-call", data: { ...data, durationSeconds: 185 } }]);
  if (call) console.log(formatCallPreview(call)); // "Video call · 3 min"
  // docs:end(previews)
}
