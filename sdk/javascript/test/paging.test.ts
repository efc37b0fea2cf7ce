import { expect, test } from "vitest";
import { iterateMessages, iterateRooms } from "../src/paging.ts";
import { toMessage } from "./test-message.ts";
import { createTestPage, createTestRoom } from "./test-room.ts";
import { withGatewayDouble } from "./with-gateway-double.ts";

const given = withGatewayDouble();
const queries = (): string[] => given.gateway.requests.map(({ path }) => path.split("?")[1] ?? "");

test("rooms are read page by page, as they are taken", async () => {
  const chat = await given.connectAs("ann");
  const page = (ids: string[], nextCursor: string | null) => ({
    status: 200,
    body: { rooms: ids.map((id) => createTestRoom({ id })), nextCursor },
  });
  given.gateway.nextAnswers.push(page(["a", "b"], "next"), page(["c"], null));
  const taken: string[] = [];
  for await (const { id } of iterateRooms(chat, { limit: 2, customTypesFilter: ["order"] })) {
    taken.push(`${id} after ${given.gateway.requests.length}`);
  }
  expect(taken).toEqual(["a after 1", "b after 1", "c after 2"]);
  expect(queries()).toEqual(["limit=2&customTypesFilter=order", "limit=2&cursor=next&customTypesFilter=order"]);
});

test("messages are read page by page, older and older, and whoever stops asks for nothing more", async () => {
  const chat = await given.connectAs("ann");
  const page = (seqs: number[]) => ({
    status: 200,
    body: createTestPage(
      seqs.map((seq) => toMessage(seq, "r1", "bob")),
      { nextCursor: "next" },
    ),
  });
  given.gateway.nextAnswers.push(page([4, 3]), page([2, 1]));
  const taken: number[] = [];
  for await (const { seq } of iterateMessages(chat, "r1", { before: "m5" })) {
    taken.push(seq);
    if (seq === 2) break;
  }
  expect(taken).toEqual([4, 3, 2]);
  expect(queries()).toEqual(["limit=100&before=m5", "limit=100&cursor=next"]);
});
