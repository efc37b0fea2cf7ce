import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { previewOf } from "../../../gateway/src/chat/preview.ts";
import { limits } from "@sendsar/protocol/limits";
import { previewCharsMax, previewTextOf } from "../src/preview.ts";

const call = { callId: "c", callType: "audio", outcome: "missed", initiatedByUserId: "ann", isGroup: false };
const membership = { action: "joined", actorUserId: "ann", targetUserId: "bob" };

/** Texts with everything that makes a cut hard: emoji of many code points, marks that combine, white space of all kinds. */
const text = fc.string({
  unit: fc.constantFrom("a", " ", "\n", "\t", "é", "e\u0301", "👩‍👩‍👧", "🇩🇪", "漢", "\u00A0", "👍🏽", "\u200D"),
  maxLength: 200,
});

const part = fc.oneof(
  text.map((value) => ({ type: "text", text: value })),
  fc.constant({ type: "file", uploadId: "u" }),
  fc.constant({ type: "text", text: 7 }),
  fc.constant({ type: "data-place", text: "no", data: {} }),
);

describe("previewTextOf", () => {
  test("[TX1] is what the gateway makes of the same parts, whatever they are", () => {
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
        expect(previewTextOf(parts)).toBe(previewOf(parts) ?? null);
      }),
      { numRuns: 500 },
    );
  });

  test("[TX1] puts text before a call, a call before a membership line, that before a file", () => {
    const file = { type: "file", uploadId: "u" };
    const all = [file, { type: "data-membership", data: membership }, { type: "data-call", data: call }];
    expect(previewTextOf([...all, { type: "text", text: " two\n lines " }])).toBe("two lines");
    expect(previewTextOf(all)).toBe("Missed voice call");
    expect(previewTextOf(all.slice(0, 2))).toBe("bob joined");
    expect(previewTextOf(all.slice(0, 2), () => "Bob")).toBe("Bob joined");
    expect(previewTextOf(all.slice(0, 1))).toBe("Attachment");
    expect(previewTextOf([{ type: "data-place" }])).toBeNull();
  });

  test("[TX1] is cut where the gateway cuts", () => {
    expect(previewCharsMax).toBe(limits.previewCharsMax);
    expect(previewTextOf([{ type: "text", text: "x".repeat(141) }])).toBe(`${"x".repeat(139)}…`);
    expect(previewTextOf([{ type: "text", text: "x".repeat(140) }])).toBe("x".repeat(140));
  });

  test("[TX1] tears no code point apart in a browser that cannot tell characters", () => {
    const { Segmenter } = Intl;
    Reflect.deleteProperty(Intl, "Segmenter");
    try {
      const line = previewTextOf([{ type: "text", text: `${"x".repeat(138)}👍👍` }]);
      expect(line).toBe(`${"x".repeat(138)}…`);
    } finally {
      Object.defineProperty(Intl, "Segmenter", { value: Segmenter, configurable: true, writable: true });
    }
  });
});
