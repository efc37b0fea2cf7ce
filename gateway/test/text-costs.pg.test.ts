import { limits } from "@sendsar/protocol/limits";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestAnswer } from "../../scripts/testing/client.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

// No text costs much more than another of its length, whatever is in it (threat H16). Mentions, links and emoji are
// found by clients; here texts are measured, cut and made into one line.

/** Processor milliseconds that a call may cost more than the same call with a harmless text. */
const extraMsMax = 20;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const patterns: readonly string[] = [
  " ",
  "\t \n",
  "\r\n\r",
  "a\u0301\u0302\u0303",
  "👩‍👩‍👧‍👦",
  "\u200d",
  "\u202e\u2066",
  "🇦🇧",
  "http://",
  "https://a.a.",
  "@a ",
  ":a:",
  "[(",
  "((((",
  "<a ",
  "\\",
  "..%2f",
  "=?",
  "a-",
  "aaaaaaaaaaaaaaaa!",
];

/** A text of nearly this many characters that is made of one pattern and ends in something that does not fit it. */
const textOf = (pattern: string, chars: number): string =>
  `${pattern.repeat(Math.floor((chars - 1) / pattern.length))}!`;

/** Processor milliseconds of the cheapest of three calls: other work of this process falls on some of them. */
const costOf = async (call: () => Promise<TestAnswer>): Promise<number> => {
  const costs: number[] = [];
  for (let n = 0; n < 3; n++) {
    const from = process.cpuUsage();
    const { status } = await call();
    const { user, system } = process.cpuUsage(from);
    expect(status).toBeLessThan(500);
    costs.push((user + system) / 1000);
  }
  return Math.min(...costs);
};

/** Milliseconds that the second costs more. One that is costly is so each time; other work of this process is not. */
const extraOf = async (harmless: () => Promise<TestAnswer>, hostile: () => Promise<TestAnswer>): Promise<number> => {
  let least = Infinity;
  for (let n = 0; n < 3 && least >= extraMsMax; n++) {
    const from = await costOf(harmless);
    least = Math.min(least, (await costOf(hostile)) - from);
  }
  return least;
};

describe("H16 texts that are costly to read", () => {
  test.each(patterns)("H16 a message, a name, a file name, a cursor and a path made of %j", async (pattern) => {
    const ann = await createTestUser(gateway, gateway.a);
    const { id: roomId } = await createTestRoom(gateway.a, [ann]);
    const calls: readonly (readonly [string, number, (text: string) => Promise<TestAnswer>])[] = [
      ["message", limits.messageTextCharsMax, (text) => ann.send(roomId, text)],
      ["room name", limits.roomNameCharsMax, (name) => gateway.a.api.patch(`/chat/rooms/${roomId}`, { name })],
      [
        "file name",
        limits.filenameCharsMax,
        (filename) => ann.client.post("/chat/uploads/presign", { filename, mediaType: "image/png", sizeBytes: 1 }),
      ],
      [
        "cursor",
        limits.cursorCharsMax,
        (text) => gateway.a.api.get(`/chat/rooms?cursor=${encodeURIComponent(text.slice(0, 300))}`),
      ],
      [
        "path",
        limits.pathParamCharsMax,
        (text) => gateway.a.api.get(`/chat/rooms/${encodeURIComponent(text.slice(0, 300))}`),
      ],
    ];
    for (const [what, chars, call] of calls) {
      const extraMs = await extraOf(
        () => call("x".repeat(chars)),
        () => call(textOf(pattern, chars)),
      );
      expect(extraMs, what).toBeLessThan(extraMsMax);
    }
  });
});
