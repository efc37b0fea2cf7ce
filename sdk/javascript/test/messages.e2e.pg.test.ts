import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestGateway, type TestPeer, startTestGateway } from "../../../scripts/testing/gateway.ts";
import { createTestRoom } from "../../../scripts/testing/test-user.ts";
import { iterateMessages } from "../src/paging.ts";
import { groupReactions } from "../src/reactions.ts";
import { startScene } from "./e2e-scene.ts";
import { failureOf } from "./failure-of.ts";
import { range } from "./test-app.ts";

let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway();
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());

test("M3 M4 an edit and a deletion reach everybody as message-updated, the author too", async () => {
  await using scene = await startScene([one, two]);
  const { ann, bob, roomId } = scene;
  const { id } = await ann.app.chat.sendMessage(roomId, "helo");
  const edited = await ann.app.chat.editMessage(roomId, id, "hello");
  expect(edited).toMatchObject({ id, parts: [{ type: "text", text: "hello" }], previewText: "hello" });
  expect(edited.editedAt).not.toBeNull();
  for (const person of [ann, bob]) {
    const told = await person.hears("message-updated", (message) => message.id === id);
    expect(told).toMatchObject({ ...edited, changeSeq: expect.any(Number) });
  }
  const deleted = await ann.app.chat.deleteMessage(roomId, id);
  expect(deleted).toMatchObject({ parts: [], previewText: null, deletedHidden: false });
  expect((await bob.hears("message-updated", ({ deletedAt }) => deletedAt !== null)).id).toBe(id);
  expect(await ann.app.chat.getMessage(roomId, id)).toEqual(deleted);
});

test("M3 only the author edits, and the refusal says why", async () => {
  await using scene = await startScene([one, two]);
  const { ann, bob, roomId } = scene;
  const { id } = await ann.app.chat.sendMessage(roomId, "mine");
  expect(await failureOf(bob.app.chat.editMessage(roomId, id, "yours"))).toMatchObject({
    code: "author_required",
    status: 403,
    path: `/chat/rooms/${roomId}/messages/${id}`,
  });
  const nobody = await failureOf(bob.app.chat.getMessage(roomId, crypto.randomUUID()));
  expect(nobody).toMatchObject({ code: "message_not_found", status: 404 });
});

test("M3 what does not fit is named field by field", async () => {
  await using scene = await startScene([one, two]);
  const { ann, roomId } = scene;
  const { id } = await ann.app.chat.sendMessage(roomId, "short");
  const failure = await failureOf(ann.app.chat.editMessage(roomId, id, "x".repeat(10_001)));
  expect(failure).toMatchObject({ code: "invalid_request", status: 400 });
  expect(failure.details).toEqual([{ path: "parts.0.text", message: expect.stringContaining("10000") }]);
});

test("M5 a reaction is put on and taken off, by each for themselves", async () => {
  await using scene = await startScene([one, two]);
  const { ann, bob, roomId } = scene;
  const { id } = await ann.app.chat.sendMessage(roomId, "like it?");
  await bob.app.chat.toggleReaction(roomId, id, "👍");
  const { reactions } = await ann.app.chat.toggleReaction(roomId, id, "👍");
  expect(groupReactions(reactions, ann.id)).toEqual([
    { emoji: "👍", count: 2, userIds: [bob.id, ann.id], isMine: true },
  ]);
  await bob.app.chat.toggleReaction(roomId, id, "👍");
  await ann.hears("message-updated", (message) => message.reactions.length === 1 && message.id === id);
  expect((await ann.app.chat.getMessage(roomId, id)).reactions).toEqual([{ userId: ann.id, emoji: "👍" }]);
});

test("M6 M7 M8 pins are listed, latest first, and taken off", async () => {
  await using scene = await startScene([one, two]);
  const { ann, bob, roomId } = scene;
  const [first, second] = await Promise.all(["1", "2"].map((text) => ann.app.chat.sendMessage(roomId, text)));
  if (first === undefined || second === undefined) throw new Error("two messages are needed");
  expect(await bob.app.chat.pinMessage(roomId, first.id)).toMatchObject({ pinnedBy: bob.id });
  await ann.app.chat.pinMessage(roomId, second.id);
  const pinned = async () => (await bob.app.chat.getPinnedMessages(roomId)).map(({ id }) => id);
  expect(await pinned()).toEqual([second.id, first.id]);
  expect(await bob.app.chat.unpinMessage(roomId, second.id)).toMatchObject({ pinnedAt: null, pinnedBy: null });
  expect(await pinned()).toEqual([first.id]);
});

test("M9 a forward goes to every room, names the first author, and is told there", async () => {
  await using scene = await startScene([one, two]);
  const { ann, bob, roomId } = scene;
  const targets = await Promise.all(
    range(1, 2).map(async () => (await createTestRoom(one.a, [ann, bob])).id as string),
  );
  const { id } = await bob.app.chat.sendMessage(roomId, "pass it on");
  const copies = await ann.app.chat.forwardMessage(roomId, id, targets);
  expect(copies.map((copy) => copy.roomId)).toEqual(targets);
  for (const copy of copies) {
    expect(copy).toMatchObject({ senderId: ann.id, forwardedFromId: id, forwardedFromSenderId: bob.id });
    await bob.hears("new-message", (message) => message.id === copy.id);
  }
  const elsewhere = await failureOf(ann.app.chat.forwardMessage(roomId, id, [crypto.randomUUID()]));
  expect(elsewhere).toMatchObject({ code: "room_not_found" });
});

test("M1 messages are read before, after and around one, and from the newest to the oldest", async () => {
  await using scene = await startScene([one, two]);
  const { ann, roomId } = scene;
  const { chat } = ann.app;
  const sent = await Promise.all(range(1, 9).map((number) => chat.sendMessage(roomId, String(number))));
  const idOf = (number: number): string => sent[number - 1]?.id ?? "";
  const texts = ({ messages }: { readonly messages: readonly { readonly previewText: string | null }[] }) =>
    messages.map(({ previewText }) => previewText).join("");
  expect(texts(await chat.getMessages(roomId, { before: idOf(4), limit: 2 }))).toBe("32");
  expect(texts(await chat.getMessages(roomId, { after: idOf(4), limit: 2 }))).toBe("65");
  const around = await chat.getMessages(roomId, { around: idOf(5), limit: 3 });
  expect(texts(around)).toBe("654");
  const newer = await chat.getMessages(roomId, { cursor: around.previousCursor ?? "", limit: 2 });
  expect(texts(newer)).toBe("87");
  const all: (string | null)[] = [];
  for await (const { previewText } of iterateMessages(chat, roomId, { limit: 4 })) all.push(previewText);
  expect(all.join("")).toBe("987654321");
});

test("M2 a reply names what it answers, and follows when that is edited", async () => {
  await using scene = await startScene([one, two]);
  const { ann, bob, roomId } = scene;
  const question = await ann.app.chat.sendMessage(roomId, "hot?");
  const answer = await bob.app.chat.sendMessage(roomId, { text: "yes", parentMessageId: question.id });
  expect(answer.parentMessage).toMatchObject({ id: question.id, previewText: "hot?", deleted: false });
  await ann.app.chat.deleteMessage(roomId, question.id);
  const { parentMessage } = await bob.app.chat.getMessage(roomId, answer.id);
  expect(parentMessage).toMatchObject({ id: question.id, parts: [], deleted: true });
});
