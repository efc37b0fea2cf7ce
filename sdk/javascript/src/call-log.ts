import type { MessagePart } from "./wire.ts";

/** How a voice or video call ended, as the message that the room gets afterwards says it (contract 9.6). */
export interface CallLog {
  readonly callId: string;
  readonly callType: "audio" | "video";
  readonly outcome: "completed" | "missed" | "declined" | "cancelled";
  readonly initiatedByUserId: string;
  readonly isGroup: boolean;
  /** Seconds that they talked; left out when nobody did. */
  readonly durationSeconds?: number;
}

/**
 * What a call-log message says; undefined for every other message. A part with a field that is missing or of another type
 * counts as no such message.
 */
export function callLogOf(parts: readonly MessagePart[]): CallLog | undefined {
  for (const { type, data } of parts as readonly { readonly type: string; readonly data?: unknown }[]) {
    if (type === "data-call" && isCallLog(data)) return data;
  }
  return undefined;
}

/**
 * One line for lists of rooms, the same for everybody: "Video call · 3 min", "Group Voice call declined", "Call
 * cancelled", "Missed voice call". Below a minute the seconds are told, from then on whole minutes.
 *
 * @example
 * import { callLogOf, formatCallPreview, formatCall } from "@sendsar/chat-sdk-javascript";
 *
 * const data = { callId: "c1", callType: "video", outcome: "completed", initiatedByUserId: "ann", isGroup: false };
 * const call = callLogOf([{ type: "data-call", data: { ...data, durationSeconds: 185 } }]);
 * if (call) console.log(formatCallPreview(call)); // "Video call · 3 min"
 * if (call) console.log(formatCall(call, "ann")); // "Video call · 3:05"
 */
export function formatCallPreview(call: CallLog): string {
  const { outcome, durationSeconds = 0 } = call;
  switch (outcome) {
    case "completed":
      return withDuration(call, durationSeconds < 59.5 ? toTimer(durationSeconds) : toMinutes(durationSeconds));
    case "declined":
      return `${subjectOf(call)} declined`;
    case "cancelled":
      return "Call cancelled";
    case "missed":
      return `Missed ${wordOf(call).toLowerCase()} call`;
  }
}

/**
 * The line in the thread, as the viewer sees it: "Video call · 3:05" with the exact time, "Voice call · No answer" for who
 * called in vain and "Missed voice call" for who was called.
 */
export function formatCall(call: CallLog, viewerUserId: string): string {
  const { outcome, initiatedByUserId, durationSeconds = 0 } = call;
  const isOwn = initiatedByUserId === viewerUserId;
  switch (outcome) {
    case "completed":
      return withDuration(call, toTimer(durationSeconds));
    case "declined":
      return `${subjectOf(call)} declined`;
    case "cancelled":
      return isOwn ? `${subjectOf(call)} cancelled` : `Missed ${wordOf(call).toLowerCase()} call`;
    case "missed":
      return isOwn ? `${subjectOf(call)} · No answer` : `Missed ${wordOf(call).toLowerCase()} call`;
  }
}

const wordOf = ({ callType }: CallLog): string => (callType === "video" ? "Video" : "Voice");

const subjectOf = (call: CallLog): string => `${call.isGroup ? "Group " : ""}${wordOf(call)} call`;

const withDuration = (call: CallLog, duration: string): string =>
  call.durationSeconds ? `${subjectOf(call)} · ${duration}` : subjectOf(call);

/** `0:07`, `12:30`, `75:00`. */
const toTimer = (seconds: number): string => {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};

const toMinutes = (seconds: number): string => `${Math.round(seconds / 60)} min`;

const isCallLog = (data: unknown): data is CallLog => {
  const { callId, callType, outcome, initiatedByUserId, isGroup, durationSeconds } = (data ?? {}) as {
    readonly [Key in keyof CallLog]?: unknown;
  };
  return (
    typeof callId === "string" &&
    (callType === "audio" || callType === "video") &&
    (outcome === "completed" || outcome === "missed" || outcome === "declined" || outcome === "cancelled") &&
    typeof initiatedByUserId === "string" &&
    typeof isGroup === "boolean" &&
    (durationSeconds === undefined || (typeof durationSeconds === "number" && durationSeconds >= 0))
  );
};
