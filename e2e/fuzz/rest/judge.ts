import type { ErrorCode } from "@sendsar/protocol/errors";
import { errors } from "@sendsar/protocol/errors";
import { limits } from "@sendsar/protocol/limits";
import { findInsides } from "../../../scripts/testing/insides.ts";
import type { WireRequest } from "./bind.ts";
import type { Check } from "./check-schemas.ts";
import type { Api, Operation } from "./operations.ts";
import { findOperation } from "./operations.ts";
import { isRefused } from "./request.ts";
import type { Caller } from "./request.ts";
import type { WireAnswer } from "./send.ts";

export interface JudgeOptions {
  readonly api: Api;
  readonly check: Check;
  /** What must stand in no answer. */
  readonly secrets: readonly string[];
}

/** A request and what it was answered. */
export interface Exchange {
  readonly caller: Caller;
  readonly wire: WireRequest;
  readonly answer: WireAnswer;
}

/** What is wrong with an answer, a sentence each; empty if it is one that the OpenAPI file promises. */
export type Judge = (exchange: Exchange) => readonly string[];

export const createJudge =
  ({ api, check, secrets }: JudgeOptions): Judge =>
  ({ caller, wire, answer }) => {
    const { status, headers, text } = answer;
    const shown = secrets.find((secret) => text.includes(secret));
    const problems: (string | undefined)[] = [
      shown === undefined ? undefined : "it shows what belongs to another tenant or to the inside",
      headers["x-content-type-options"] === "nosniff" ? undefined : "it has no x-content-type-options: nosniff",
      /^application\/json(; ?charset=utf-8)?$/.test(headers["content-type"] ?? "")
        ? undefined
        : `its content type is ${headers["content-type"]}`,
      /^req_[0-9a-f-]{36}$/.test(String(headers["x-request-id"])) ? undefined : "it has no x-request-id",
    ];
    const body = parse(text);
    if (body === undefined) return compact([...problems, `${status} with a body that is no JSON`]);
    const operation = findOperation(api, wire.method, wire.path);
    if (status < 400 && operation && isRefused(caller) && operation.callers.length > 0)
      problems.push(`${caller} was let in with ${status}`);
    const own =
      status < 400
        ? judgeSuccess(operation, status, body, check)
        : judgeFailure(operation, { body: body as Readonly<Record<string, unknown>>, wire, answer });
    return compact([...problems, ...own]);
  };

const compact = (problems: readonly (string | undefined)[]): readonly string[] =>
  problems.filter((problem) => problem !== undefined);

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // Whoever judges says so.
    return undefined;
  }
};

const judgeSuccess = (
  operation: Operation | undefined,
  status: number,
  body: unknown,
  check: Check,
): readonly string[] => {
  const documented = operation?.answers.get(status);
  if (!operation || !documented || documented.codes.length > 0) return [`${status} is not documented here`];
  return check(documented.schema, body).map(
    (problem) => `${operation.id} answers ${status} with a body that does not fit: ${problem}`,
  );
};

const judgeFailure = (
  operation: Operation | undefined,
  {
    body,
    wire,
    answer,
  }: { readonly body: Readonly<Record<string, unknown>>; readonly wire: WireRequest; readonly answer: WireAnswer },
): readonly string[] => {
  const { status, headers, text } = answer;
  const { code, error, message, statusCode, requestId, details, ...more } = body;
  if (typeof code !== "string" || !Object.hasOwn(errors, code))
    return [`${status} with the code ${String(code)}, which is none`];
  const known = errors[code as ErrorCode];
  const isTold = operation?.answers.get(status)?.codes.includes(code) ?? false;
  const isBefore = beforeEndpoints(operation, wire).includes(code as ErrorCode);
  const inside = findInsides(text);
  return compact([
    isTold || isBefore
      ? undefined
      : `${status} ${code} is not documented for ${operation?.id ?? "a path that is no endpoint"}`,
    status >= 500 && status !== 503 ? `${status} ${code}` : undefined,
    status === known.status && statusCode === status
      ? undefined
      : `${code} with the status ${status} (${String(statusCode)})`,
    error === known.sentence && message === error
      ? undefined
      : `${code} with the texts ${String(error)} and ${String(message)}`,
    requestId === headers["x-request-id"]
      ? undefined
      : `${code} with another request id in its body than in its header`,
    Object.keys(more).length === 0 ? undefined : `${code} with unknown fields ${Object.keys(more).join(", ")}`,
    details === undefined || detailed.has(code) ? undefined : `${code} with details`,
    status !== 503 || Number(headers["retry-after"]) >= 1 ? undefined : "503 without Retry-After",
    inside === undefined ? undefined : `${code} shows the inside: ${inside}`,
  ]);
};

const detailed = new Set<string>(["invalid_request", "managed_by_kubernetes"] satisfies ErrorCode[]);

/** What can be refused before it is known which endpoint is meant (docs/reference/errors.md). */
const beforeEndpoints = (operation: Operation | undefined, { path, headers }: WireRequest): readonly ErrorCode[] => {
  const bytes = path.length + headers.flat().reduce((sum, text) => sum + text.length + 2, 0);
  if (bytes > limits.headerBytesMax * 0.95) return ["headers_too_large"];
  const isLong = path.split(/[/?]/).some((part) => part.length > limits.pathParamCharsMax);
  return [
    ...(isLong ? (["path_too_long"] as const) : []),
    ...(operation ? [] : (["not_found", "method_not_allowed"] as const)),
  ];
};
