import { expect, test } from "vitest";
import { createTestInbox } from "./test-inbox.ts";

const update = (id: string, seq: number, changeSeq?: number) => ({
  id,
  roomId: "a",
  seq,
  ...(changeSeq !== undefined && { changeSeq }),
});

test("[RS16] a changed message stands at the place of its change, each change once and in order", () => {
  const { said, inbox, hear } = createTestInbox();
  inbox.up([]);
  for (const seq of [1, 2]) hear("a", seq);
  for (const changeSeq of [3, 4, 3, 4]) inbox.receive("message-updated", update("a1", 1, changeSeq));
  hear("a", 5);
  inbox.receive("room-updated", { roomId: "a", seq: 6 });
  inbox.receive("participant-updated", { roomId: "a", userId: "bob", role: "OPERATOR", seq: 7 });
  inbox.receive("message-updated", update("before", 0, 8));
  expect(said).toEqual(["a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"]);
});

test("[RS16] a change that is missing is asked for, and one that was missed comes from the answer", () => {
  const { said, inbox, hear } = createTestInbox();
  inbox.up([]);
  for (const seq of [1, 2]) hear("a", seq);
  inbox.receive("message-updated", update("a1", 1, 4));
  const events = [{ seq: 3, event: "message-updated", payload: update("a2", 2, 3) }];
  inbox.receive("resumed", { rooms: [{ roomId: "a", reset: false, events }], more: false });
  inbox.down();
  inbox.up([]);
  expect(said).toEqual(["a1", "a2", 'resume {"a":2}', "a3", "a4", 'resume {"a":4}']);
});

test("[RS16] a change without a place is not the inbox's, and moves nothing", () => {
  const { said, inbox, hear } = createTestInbox();
  inbox.up([]);
  hear("a", 5);
  expect(inbox.receive("message-updated", update("a9", 9))).toBe(false);
  hear("a", 6);
  expect(said).toEqual(["a5", "a6"]);
});
