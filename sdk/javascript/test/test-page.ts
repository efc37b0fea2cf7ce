import { SendsarError } from "../src/errors.ts";
import { Outbox, type Post } from "../src/outbox.ts";
import type { Message } from "../src/wire.ts";
import { toMessage } from "./test-message.ts";
import { type TestClock, createTestClock } from "./test-clock.ts";
import { type TestStorage, createTestStorage } from "./test-storage.ts";

/** Where every page of these tests connects to. */
export const apiUrl = "https://chat.example.com/v1";
/** The error of an answer with this status. */
export const withStatus = (status: number, retryAfterMs?: number): SendsarError =>
  new SendsarError(`answered ${status}`, { code: `http_${status}`, status, retryAfterMs });
/** The error of a line that is cut. */
export const noAnswer = new SendsarError("cut", { code: "network" });

/** What becomes of one try: stored and answered, stored with the answer lost, or an error. */
export type Fate = "stored" | "lost" | SendsarError;

/** A page with an outbox. `server` stores each id once and fails as told; a reload is another page on the same storage. */
export function createPage(given: { clock?: TestClock; storage?: TestStorage; server?: Map<string, Message> } = {}) {
  const { clock = createTestClock(), storage = createTestStorage(), server = new Map<string, Message>() } = given;
  const fates: Fate[] = [];
  const posts: string[] = [];
  const changes: string[] = [];
  const outbox = new Outbox({ ...clock, random: () => 0.5 }, storage, ({ entries }) => {
    changes.push(entries.map(({ clientMessageId, state }) => `${clientMessageId} ${state}`).join(", "));
  });
  const post: Post = async (roomId, body) => {
    const id = body.clientMessageId ?? "";
    posts.push(id);
    const fate = fates.shift() ?? "stored";
    const message = server.get(id) ?? toMessage(server.size + 1, roomId, "ann", body);
    if (typeof fate === "string" || server.has(id)) server.set(id, message);
    else throw fate;
    if (fate === "lost") throw noAnswer;
    return message;
  };
  const login = (userId = "ann"): void => {
    outbox.start(post);
    outbox.open(apiUrl, userId);
  };
  const add = (id: string, roomId = "r1", text = id) =>
    outbox.add(roomId, { clientMessageId: id, parts: [{ type: "text", text }] });
  const states = () => outbox.entries.map(({ clientMessageId, state }) => `${clientMessageId} ${state}`);
  return { clock, storage, server, fates, posts, changes, outbox, post, login, add, states };
}
