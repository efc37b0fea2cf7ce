import { describe, expect, test } from "vitest";
import { type CallLog, callLogOf, formatCall, formatCallPreview } from "../src/call-log.ts";

const call: CallLog = {
  callId: "c1",
  callType: "audio",
  outcome: "completed",
  initiatedByUserId: "ann",
  isGroup: false,
  durationSeconds: 42,
};
const partsOf = (data: unknown) => [
  { type: "text", text: "x" },
  { type: "data-call", data },
];

describe("callLogOf", () => {
  test("[TX4] takes what the server writes, with and without a duration", () => {
    const { durationSeconds: _, ...missed } = { ...call, outcome: "missed" as const };
    expect(callLogOf(partsOf(call))).toBe(partsOf(call)[1]?.data);
    expect(callLogOf(partsOf(missed))).toEqual(missed);
    expect(callLogOf(partsOf({ ...call, durationSeconds: 0, more: true }))).toMatchObject({ callId: "c1" });
  });

  test.for<[string, unknown]>([
    ["callId", 7],
    ["callType", "AUDIO"],
    ["outcome", "ended"],
    ["initiatedByUserId", null],
    ["isGroup", "no"],
    ["durationSeconds", "42"],
    ["durationSeconds", -1],
    ["durationSeconds", Number.NaN],
  ])("[TX4] is no call log when %s is %s", ([field, value]) => {
    expect(callLogOf(partsOf({ ...call, [field]: value }))).toBeUndefined();
  });

  test("[TX4] is no call log without data", () => {
    for (const data of [undefined, null, "text", 7, []]) expect(callLogOf(partsOf(data))).toBeUndefined();
    expect(callLogOf([])).toBeUndefined();
  });
});

test.for<[Partial<CallLog>, string]>([
  [{}, "Voice call · 0:42"],
  [{ durationSeconds: 7.4 }, "Voice call · 0:07"],
  [{ durationSeconds: 59 }, "Voice call · 0:59"],
  [{ durationSeconds: 59.6 }, "Voice call · 1 min"],
  [{ durationSeconds: 60, callType: "video" }, "Video call · 1 min"],
  [{ durationSeconds: 185, callType: "video", isGroup: true }, "Group Video call · 3 min"],
  [{ durationSeconds: 4500 }, "Voice call · 75 min"],
  [{ durationSeconds: 0 }, "Voice call"],
  [{ outcome: "declined" }, "Voice call declined"],
  [{ outcome: "declined", callType: "video", isGroup: true }, "Group Video call declined"],
  [{ outcome: "cancelled", callType: "video" }, "Call cancelled"],
  [{ outcome: "missed" }, "Missed voice call"],
  [{ outcome: "missed", callType: "video", isGroup: true }, "Missed video call"],
])("[TX3] %o reads in a list: %s", ([change, text]) => {
  expect(formatCallPreview({ ...call, ...change })).toBe(text);
});

test.for<[Partial<CallLog>, string, string]>([
  [{}, "Voice call · 0:42", "Voice call · 0:42"],
  [{ durationSeconds: 185, callType: "video" }, "Video call · 3:05", "Video call · 3:05"],
  [{ durationSeconds: 4500, isGroup: true }, "Group Voice call · 75:00", "Group Voice call · 75:00"],
  [{ durationSeconds: 59.6 }, "Voice call · 1:00", "Voice call · 1:00"],
  [{ outcome: "declined" }, "Voice call declined", "Voice call declined"],
  [{ outcome: "cancelled", callType: "video" }, "Video call cancelled", "Missed video call"],
  [{ outcome: "missed" }, "Voice call · No answer", "Missed voice call"],
])("[TX4] %o reads in the thread: %s for the caller, %s for the others", ([change, own, others]) => {
  expect(formatCall({ ...call, ...change }, "ann")).toBe(own);
  expect(formatCall({ ...call, ...change }, "bob")).toBe(others);
});
