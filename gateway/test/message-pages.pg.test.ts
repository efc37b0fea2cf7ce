import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Wire } from "../../scripts/testing/client.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import type { TestMember } from "../../scripts/testing/test-place.ts";
import { createTestPlace } from "../../scripts/testing/test-place.ts";

// Contract 4.2, M1: pages of messages, from any place and in both directions.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());
afterEach(() => {
  expect(loggedFailures(gateway)).toEqual([]);
});

/** A room with messages "1", "2", …, and a reader of their texts. */
const createTalk = async (count: number) => {
  const { roomId, ann, bo } = await createTestPlace(gateway);
  const sent: Wire[] = [];
  for (let n = 1; n <= count; n++) sent.push(await ann.says(roomId, `${n}`));
  const read = (query: string) => readPage(bo, roomId, query);
  return { roomId, ann, bo, read, idOf: (n: number): string => sent[n - 1].id };
};

interface Page {
  readonly texts: string;
  readonly nextCursor: string | null;
  readonly previousCursor: string | null;
}

const readPage = async ({ on }: TestMember, roomId: string, query: string): Promise<Page> => {
  const { status, body } = await on.list(roomId, query);
  expect(status, JSON.stringify(body)).toBe(200);
  const { messages, nextCursor, previousCursor } = body;
  return { texts: messages.map(({ previewText }: Wire) => previewText).join(" "), nextCursor, previousCursor };
};

/** Follows one of the two cursors to its end. */
const follow = async (
  read: (query: string) => Promise<Page>,
  start: Page,
  cursor: "nextCursor" | "previousCursor",
): Promise<string[]> => {
  const texts: string[] = [];
  for (let page = start; page[cursor] !== null; texts.push(page.texts)) {
    page = await read(`limit=3&cursor=${page[cursor]}`);
  }
  return texts;
};

test("M1 §16.10 the newest page has nothing newer; its nextCursor leads to the end and the previousCursor back", async () => {
  const { read } = await createTalk(8);
  const newest = await read("limit=3");
  expect(newest).toMatchObject({ texts: "8 7 6", previousCursor: null });
  expect(await follow(read, newest, "nextCursor")).toEqual(["5 4 3", "2 1"]);
  const second = await read(`limit=3&cursor=${newest.nextCursor}`);
  const oldest = await read(`limit=3&cursor=${second.nextCursor}`);
  expect(oldest).toMatchObject({ texts: "2 1", nextCursor: null });
  expect(await follow(read, oldest, "previousCursor")).toEqual(["5 4 3", "8 7 6"]);
});

test("M1 before a message: those that are older, and a way to the newer ones", async () => {
  const { read, idOf } = await createTalk(8);
  const page = await read(`limit=3&before=${idOf(6)}`);
  expect(page.texts).toBe("5 4 3");
  expect(await follow(read, page, "nextCursor")).toEqual(["2 1"]);
  expect(await follow(read, page, "previousCursor")).toEqual(["8 7 6"]);
  const first = await read(`limit=3&before=${idOf(1)}`);
  expect(first).toMatchObject({ texts: "", nextCursor: null });
  expect(await follow(read, first, "previousCursor")).toEqual(["3 2 1", "6 5 4", "8 7"]);
});

test("M1 after a message: the oldest that are newer, newest of them first", async () => {
  const { read, idOf } = await createTalk(8);
  const page = await read(`limit=3&after=${idOf(2).toUpperCase()}`);
  expect(page.texts).toBe("5 4 3");
  expect(await follow(read, page, "previousCursor")).toEqual(["8 7 6"]);
  expect(await follow(read, page, "nextCursor")).toEqual(["2 1"]);
  const last = await read(`limit=3&after=${idOf(8)}`);
  expect(last).toMatchObject({ texts: "", previousCursor: null });
  expect(await follow(read, last, "nextCursor")).toEqual(["8 7 6", "5 4 3", "2 1"]);
});

test("M1 around a message: it and both sides, also at the ends and with any limit", async () => {
  const { read, idOf } = await createTalk(8);
  const page = await read(`limit=4&around=${idOf(5)}`);
  expect(page.texts).toBe("7 6 5 4");
  expect(await follow(read, page, "nextCursor")).toEqual(["3 2 1"]);
  expect(await follow(read, page, "previousCursor")).toEqual(["8"]);
  expect((await read(`limit=5&around=${idOf(5)}`)).texts).toBe("7 6 5 4 3");
  expect(await read(`limit=100&around=${idOf(5)}`)).toEqual({
    texts: "8 7 6 5 4 3 2 1",
    nextCursor: null,
    previousCursor: null,
  });
  expect(await read(`limit=1&around=${idOf(8)}`)).toMatchObject({ texts: "8", previousCursor: null });
  const first = await read(`limit=2&around=${idOf(1)}`);
  expect(first).toMatchObject({ texts: "2 1", nextCursor: null });
  expect(await follow(read, first, "previousCursor")).toEqual(["5 4 3", "8 7 6"]);
});

test("M1 a deleted message keeps its place in pages, and pages can be read around it", async () => {
  const { roomId, ann, bo, read, idOf } = await createTalk(3);
  await ann.on.remove({ roomId, id: idOf(2) });
  const { messages } = (await bo.on.list(roomId, `around=${idOf(2)}`)).body;
  expect(messages.map(({ id }: Wire) => id)).toEqual([idOf(3), idOf(2), idOf(1)]);
  expect((await read(`after=${idOf(2)}`)).texts).toBe("3");
});

test("M1 what comes between two pages shifts nothing, in either direction", async () => {
  const { roomId, ann, read, idOf } = await createTalk(4);
  const page = await read(`limit=1&around=${idOf(2)}`);
  await ann.says(roomId, "5");
  await ann.on.edit({ roomId, id: idOf(3) }, "3!");
  expect(await follow(read, page, "previousCursor")).toEqual(["5 4 3!"]);
  expect(await follow(read, page, "nextCursor")).toEqual(["1"]);
});

test("M1 one place at a time, and it is a message of the room", async () => {
  const { roomId, bo, read, idOf } = await createTalk(2);
  const { nextCursor } = await read("limit=1");
  for (const query of [
    `before=${idOf(1)}&after=${idOf(2)}`,
    `around=${idOf(1)}&cursor=${nextCursor}`,
    `after=${idOf(1)}&cursor=${nextCursor}`,
    `before=`,
    `around=${"x".repeat(200)}`,
  ]) {
    const { status, body } = await bo.on.list(roomId, query);
    expect([status, body.code], query).toEqual([400, "invalid_request"]);
  }
  for (const place of ["before", "after", "around"]) {
    expectRefusal(await bo.on.list(roomId, `${place}=not-an-id`), "message_not_found");
  }
});

test("M1 lastSeq tells which events the page shows: changes of older messages count", async () => {
  const { roomId, ann, bo, idOf } = await createTalk(3);
  const before = (await bo.on.list(roomId)).body;
  expect(before.lastSeq).toBe(before.messages[0].seq);
  await ann.on.edit({ roomId, id: idOf(1) }, "1!");
  await ann.on.react({ roomId, id: idOf(1) }, "👍");
  const after = (await bo.on.list(roomId, "limit=1")).body;
  expect(after.lastSeq).toBe(before.lastSeq + 2);
  expect(after.messages[0].seq).toBe(before.messages[0].seq);
});
