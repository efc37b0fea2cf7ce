import type { Deps } from "./deps.ts";
import { type ErrorDetail, SendsarError } from "./errors.ts";
import { type HttpAnswer, exchange } from "./exchange.ts";
import { type Call, type OperationId, nameOf } from "./operation.ts";
import { type Config, type WriteOptions, toLimits } from "./options.ts";
import { type HttpRequest, type RequestParts, toRequest } from "./request.ts";
import { parseRetryAfterMs, withRetries } from "./retry.ts";
import { version } from "./version.ts";
import { type ErrorBody, operations } from "./wire.ts";

/**
 * Creates what every method of the SDK calls with. A call that changes something each time it is made carries an
 * `Idempotency-Key`, the same over its retries; all others are safe to repeat.
 */
export function createCall(deps: Deps, config: Config): Call {
  const call = async (id: OperationId, input: RequestParts, options: WriteOptions = {}): Promise<unknown> => {
    const operation = `call ${nameOf(id)}`;
    const limits = toLimits(options, config, operation);
    const request = toRequest(config.apiUrl, id, input, headersOf(id, config, options, deps.createId));
    const signals = [config.signal, options.signal].filter((signal) => signal !== undefined);
    const redact = (text: string): string => text.replaceAll(config.apiKey, "…");
    const context = { fetch: deps.fetch, operation, timeoutMs: limits.timeoutMs, signals, redact };
    return withRetries(deps, { operation, signals, ...limits }, async () => {
      const answer = await exchange(context, request);
      if (!answer.ok) throw toAnswerError(operation, answer, deps.now(), redact);
      return parseAnswer(operation, answer);
    });
  };
  // The table of operations decides what an id takes and answers; the contract's tests hold the two together.
  return call as Call;
}

/** The error of an answer that is not 2xx. A body that is no error object of ours is tolerated. */
export function toAnswerError(
  operation: string,
  { status, headers, text }: HttpAnswer,
  nowMs: number,
  redact: (text: string) => string,
): SendsarError {
  const body = parseErrorBody(redact(text));
  return new SendsarError(operation, textOf(body.error) ?? textOf(body.message) ?? unexplained(status), {
    code: textOf(body.code) ?? `http_${status}`,
    status,
    requestId: textOf(body.requestId),
    retryAfterMs: parseRetryAfterMs(headers.get("retry-after"), nowMs),
    details: detailsOf(body.details),
  });
}

function headersOf(
  id: OperationId,
  { apiKey }: Config,
  { idempotencyKey }: WriteOptions,
  createId: () => string,
): HttpRequest["headers"] {
  return {
    accept: "application/json",
    "user-agent": userAgent,
    "x-api-key": apiKey,
    ...("keyed" in operations[id] && { "idempotency-key": idempotencyKey ?? createId() }),
  };
}

const userAgent = `sendsar-server-sdk/${version} node/${process.versions.node}`;

function parseAnswer(operation: string, { status, text }: HttpAnswer): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new SendsarError(operation, "the answer is not JSON", { code: "invalid_answer", status });
  }
}

function parseErrorBody(text: string): Partial<Record<keyof ErrorBody, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    // A proxy's HTML page or an empty body: the status says all there is to know.
    return {};
  }
}

const unexplained = (status: number): string =>
  status >= 300 && status < 400 ? "the API URL redirects, and redirects are not followed" : "no explanation";

const textOf = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

const detailsOf = (value: unknown): readonly ErrorDetail[] | undefined =>
  Array.isArray(value) ? value.filter(isDetail) : undefined;

const isDetail = (value: Partial<ErrorDetail> | null): value is ErrorDetail =>
  typeof value?.path === "string" && typeof value.message === "string";
