import { expect, test } from "vitest";
import { judgeSaid } from "./judge-said.ts";

const judge = (frame: string): string | undefined => judgeSaid(frame, ["the-secret"]);

test.for([
  "2",
  "3",
  '0{"sid":"x"}',
  '40{"sid":"x"}',
  "41",
  "41/admin,",
  '44{"message":"Invalid namespace"}',
  '42["left-room",{"roomId":"x"}]',
])("the judge of frames lets %s pass", (frame) => {
  expect(judge(frame)).toBeUndefined();
});

test.for([
  '42["left-room",{"roomId":"the-secret"}]',
  '42["left-room",{}]',
  '42["left-room",{"roomId":"x"},1]',
  '42["room-list",{}]',
  '42["error",{"message":"insert into rooms violates a constraint"}]',
  '44{"message":"Error: x\\n    at handler (/srv/bind.ts:10:3)"}',
  '430["x"]',
  "451-[]",
  "9",
  "42",
])("the judge of frames finds %s", (frame) => {
  expect(judge(frame)).toBeDefined();
});
