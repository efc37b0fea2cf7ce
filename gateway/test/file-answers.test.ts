import { randomBytes, randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import type { Endpoint } from "@sendsar/protocol/endpoint";
import { endpoints } from "@sendsar/protocol/endpoints";
import { examples } from "@sendsar/protocol/examples";
import { Message } from "@sendsar/protocol/objects/message";
import { schemasInside } from "../../sdk/protocol/test/schema-walk.ts";
import { createKeyRing } from "../src/auth/key-ring.ts";
import { createLinkSigner } from "../src/files/link-signer.ts";
import { createFileLinks } from "../src/files/links.ts";
import { createAnswerLinker } from "../src/http/answer-links.ts";

const links = createFileLinks({
  signer: createLinkSigner(createKeyRing({ kind: "master", masterKey: randomBytes(32).toString("base64") })),
  publicUrl: "https://chat.example",
  now: () => new Date(),
});
const message = { ...examples.message, parts: [{ type: "file", uploadId: randomUUID(), filename: "menu.pdf" }] };

const hasMessages = ({ response }: Pick<Endpoint, "response">): boolean =>
  schemasInside(["answer", response]).some(([, schema]) => schema === Message);
const [withMessages, others] = [true, false].map((wanted) =>
  Object.entries<Endpoint>(endpoints).filter(([, endpoint]) => hasMessages(endpoint) === wanted),
) as [[string, Endpoint][], [string, Endpoint][]];

test("there are answers with messages and without", () => {
  expect(withMessages.map(([id]) => id)).toContain("listPinnedMessages");
  expect(others.map(([id]) => id)).toContain("listRooms");
});

test.each(withMessages)("§4.1 the messages in the answer of %s have links to their files", (_id, endpoint) => {
  const bodies = [message, { ...examples.messagePage, messages: [message] }];
  const body = bodies.find((candidate) => endpoint.response.safeParse(candidate).success);
  const linked = JSON.stringify(createAnswerLinker(endpoint, links)("acme", body));
  expect(linked).toMatch(/"url":"https:\/\/chat\.example\/files\/[\w-]+\/menu\.pdf"/);
  // What was answered is in other hands too.
  expect(JSON.stringify(message)).not.toContain("https://chat.example");
});

test.each(others)("the answer of %s is left as it is", (_id, endpoint) => {
  const body = {};
  expect(createAnswerLinker(endpoint, links)("acme", body)).toBe(body);
});

test("without a store nothing is linked", () => {
  expect(createAnswerLinker(endpoints.sendMessage, undefined)("acme", message)).toBe(message);
});
