import { type ErrorCode, errors } from "@sendsar/protocol/errors";
import type { ErrorBody } from "@sendsar/protocol/objects/common";

/** The body that an error is answered with. */
export const errorExample = (code: ErrorCode): ErrorBody => {
  const { status, sentence } = errors[code];
  return {
    statusCode: status,
    code,
    error: sentence,
    message: sentence,
    requestId: "req_01",
    ...(code === "invalid_request"
      ? {
          details: [{ path: "username", message: "Invalid input: expected string, received undefined" }],
        }
      : {}),
  };
};

/** Error codes by status, statuses ascending, codes in the order of the contract. */
export const errorsByStatus = (codes: readonly ErrorCode[]): ReadonlyMap<number, readonly ErrorCode[]> => {
  const ordered = (Object.keys(errors) as ErrorCode[]).filter((code) => codes.includes(code));
  return Map.groupBy(ordered, (code): number => errors[code].status);
};
