import type { ErrorCode } from "@sendsar/protocol/errors";
import { errors } from "@sendsar/protocol/errors";
import { expect } from "vitest";
import type { TestAnswer } from "./client.ts";
import { findInsides } from "./insides.ts";

/** All of an answer that may differ between two refusals of the same kind is left out: the id of the request. */
export const withoutRequestId = ({ status, body }: Pick<TestAnswer, "status" | "body">): unknown => {
  const { requestId, ...rest } = body as Record<string, unknown>;
  expect(requestId).toMatch(/^req_[0-9a-f-]{36}$/);
  return { status, body: rest };
};

/** Requires a refusal with exactly the body of the contract: its code and sentence, and not one field more. */
export const expectRefusal = (answer: Pick<TestAnswer, "status" | "body">, code: ErrorCode): void => {
  const { status, sentence } = errors[code];
  expect(withoutRequestId(answer)).toEqual({
    status,
    body: { statusCode: status, code, error: sentence, message: sentence },
  });
};

/** Requires that a text shows nothing of the inside: no stack, no SQL, no file, no name of a constraint. */
export const expectNoInsides = (text: string): void => {
  expect(findInsides(text)).toBeUndefined();
};
