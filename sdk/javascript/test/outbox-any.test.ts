import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Fate, createPage, noAnswer, withStatus } from "./test-page.ts";

describe("whatever happens", () => {
  const anyFate: fc.Arbitrary<Fate> = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom<Fate>("stored", "lost") },
    { weight: 3, arbitrary: fc.constant<Fate>(noAnswer) },
    { weight: 1, arbitrary: fc.constantFrom<Fate>(withStatus(403), withStatus(500), withStatus(503)) },
  );
  const anyStep = fc.oneof(
    { weight: 6, arbitrary: fc.record({ what: fc.constant("send"), room: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 6, arbitrary: fc.record({ what: fc.constant("wait"), room: fc.constantFrom(0, 500, 20_000) }) },
    { weight: 3, arbitrary: fc.record({ what: fc.constantFrom("echo", "hurry", "relogin"), room: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ what: fc.constant("reload"), room: fc.constant(0) }) },
  );

  test("[OB1] [OB2] [OB6] each message is stored once and in order, or told as failed; never both, never neither", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyStep, { maxLength: 40 }),
        fc.array(anyFate, { maxLength: 60 }),
        async (steps, fates) => {
          let page = createPage();
          page.login();
          page.fates.push(...fates);
          const sent = new Map<string, string>();
          for (const { what, room } of steps) {
            if (what === "send") {
              const id = `m${String(sent.size).padStart(3, "0")}`;
              sent.set(id, `r${room}`);
              page.add(id, `r${room}`).then(
                (message) => expect(page.server.get(id)).toEqual(message),
                () => expect(page.server.has(id)).toBe(false),
              );
            }
            if (what === "wait") await page.clock.advance(room);
            if (what === "echo") for (const message of page.server.values()) page.outbox.hear(message);
            if (what === "hurry") page.outbox.hurry();
            if (what === "relogin") page.login();
            if (what === "reload") {
              const left = page.fates.splice(0);
              page.outbox.start(() => new Promise(() => {}));
              page = createPage(page);
              page.fates.push(...left);
              page.login();
            }
          }
          page.fates.length = 0;
          await page.clock.advance(60_000);
          const failed = page.outbox.entries.map(({ clientMessageId }) => clientMessageId);
          expect([...page.server.keys(), ...failed].sort()).toEqual([...sent.keys()]);
          for (const room of new Set(sent.values())) {
            const stored = [...page.server.keys()].filter((id) => sent.get(id) === room);
            expect(stored).toEqual(stored.toSorted());
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
