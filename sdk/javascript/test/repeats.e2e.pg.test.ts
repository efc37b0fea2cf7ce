import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestGateway, type TestPeer, startTestGateway } from "../../../scripts/testing/gateway.ts";
import { createTestRoom, createTestUser } from "../../../scripts/testing/test-user.ts";
import { startLossyLine } from "./lossy-line.ts";
import { createTestApp, eventually } from "./test-app.ts";

let one: TestGateway;
let two: TestPeer;
beforeAll(async () => {
  one = await startTestGateway();
  two = await one.startPeer();
});
afterAll(() => one[Symbol.asyncDispose]());

/** Ann in two rooms, behind a line that loses the answer to the next call. */
async function startAnn() {
  const ann = await createTestUser(one, one.a);
  const [roomId, other] = await Promise.all([1, 2].map(async () => (await createTestRoom(one.a, [ann])).id as string));
  if (!roomId || !other) throw new Error("two rooms are needed");
  const message = (await ann.send(roomId, "hello")).body as { readonly id: string };
  const line = await startLossyLine(one.url);
  const app = createTestApp({ apiUrl: line.apiUrl, storage: null });
  await app.chat.connect({ userId: ann.id, token: ann.token });
  /** Does it while answers are lost; when the gateway has done it, the line breaks, and leads to the other gateway. */
  const withLostAnswer = async <T>(call: () => Promise<T>, isDone: () => Promise<boolean>): Promise<T> => {
    line.losesAnswers = true;
    const answer = call();
    await eventually(async () => expect(await isDone()).toBe(true));
    line.leadTo(two.url);
    line.cut();
    line.losesAnswers = false;
    return answer;
  };
  const stack = new AsyncDisposableStack();
  stack.use(line);
  stack.use(app);
  const { chat } = app;
  return {
    ann,
    chat,
    roomId,
    other,
    id: message.id,
    withLostAnswer,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

test("[CL2] a reaction whose answer is lost stays on, though the call is made twice", async () => {
  await using given = await startAnn();
  const { ann, chat, roomId, id, withLostAnswer } = given;
  const reactions = async () => (await ann.client.get(`/chat/rooms/${roomId}/messages/${id}`)).body.reactions;
  const answer = await withLostAnswer(
    () => chat.toggleReaction(roomId, id, "👍"),
    async () => (await reactions()).length === 1,
  );
  expect(answer.reactions).toEqual([{ userId: ann.id, emoji: "👍" }]);
  expect(await reactions()).toEqual([{ userId: ann.id, emoji: "👍" }]);
});

test("[CL2] a forward whose answer is lost is there once", async () => {
  await using given = await startAnn();
  const { ann, chat, roomId, other, id, withLostAnswer } = given;
  const copies = async () => (await ann.client.get(`/chat/rooms/${other}/messages`)).body.messages as { id: string }[];
  const [copy] = await withLostAnswer(
    () => chat.forwardMessage(roomId, id, [other]),
    async () => (await copies()).length === 1,
  );
  expect((await copies()).map((message) => message.id)).toEqual([copy?.id]);
});

test("[CL2] clearing the history twice does not hide what came in between", async () => {
  await using given = await startAnn();
  const { ann, chat, roomId, withLostAnswer } = given;
  const texts = async () =>
    ((await ann.client.get(`/chat/rooms/${roomId}/messages`)).body.messages as { previewText: string }[]).map(
      ({ previewText }) => previewText,
    );
  await withLostAnswer(
    () => chat.clearHistory(roomId),
    async () => {
      if ((await texts()).length > 0) return false;
      await ann.send(roomId, "in between");
      return true;
    },
  );
  expect(await texts()).toEqual(["in between"]);
});
