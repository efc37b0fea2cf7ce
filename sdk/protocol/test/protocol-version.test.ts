import { expect, test } from "vitest";
import { API_PREFIX, PROTOCOL_VERSION } from "../src/version.ts";
import { protocolHash } from "./protocol-hash.ts";

/** The contract that `PROTOCOL_VERSION` stands for. */
const pinned = { version: "1.2", hash: "b16c1f3d9c63964d" };

/** What to do about a contract that is not the pinned one. */
const adviceFor = (version: string, hash: string): string => {
  if (hash === pinned.hash && version === pinned.version) return "nothing to do";
  return [
    "the wire contract changed: if clients of the old one notice nothing (openapi-compat.test.ts tells), raise the minor",
    "in src/version.ts, add a line to its history there, and pin the new contract here; otherwise it needs a new major",
    `version with a path prefix of its own. Today's is { version: "${version}", hash: "${hash}" }`,
  ].join(" ");
};

test("the wire contract is the one that its version stands for", () => {
  expect(adviceFor(PROTOCOL_VERSION, protocolHash())).toBe("nothing to do");
});

test("the path prefix carries the major version", () => {
  expect(API_PREFIX).toBe(`/v${PROTOCOL_VERSION.split(".")[0]}`);
});
