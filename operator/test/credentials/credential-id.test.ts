import { createApiKey, hashApiKey } from "@sendsar/gateway/auth/api-key";
import { validate, version } from "uuid";
import { expect, test } from "vitest";
import { toCredentialId, toSuccessorId } from "../../src/reconcile/rotation/credential-id.ts";

test("ID1 an id is a UUID of version 8 that follows from kind and plain text alone", () => {
  const apiKey = createApiKey();
  const id = toCredentialId("apiKey", apiKey);
  expect(validate(id)).toBe(true);
  expect(version(id)).toBe(8);
  expect(toCredentialId("apiKey", apiKey)).toBe(id);
  expect(toCredentialId("webhookSecret", apiKey)).not.toBe(id);
  expect(toCredentialId("apiKey", createApiKey())).not.toBe(id);
});

test("ID1 an id is no part of the hash by which the key is looked up", () => {
  const apiKey = createApiKey();
  const digits = toCredentialId("apiKey", apiKey).replaceAll("-", "");
  expect(hashApiKey(apiKey).toString("hex")).not.toContain(digits.slice(0, 8));
});

test("ID2 a session key has one successor for each token", () => {
  const before = toCredentialId("apiKey", "sk_");
  expect(toSuccessorId(before, "1")).toBe(toSuccessorId(before, "1"));
  expect(toSuccessorId(before, "1")).not.toBe(toSuccessorId(before, "2"));
  expect(toSuccessorId(toSuccessorId(before, "1"), "1")).not.toBe(toSuccessorId(before, "1"));
});
