import type { Deps } from "./deps.ts";
import { SendsarError, reasonOf, toRestError, unableTo } from "./errors.ts";
import type { RestRequest } from "./rest-request.ts";
import { parseRetryAfterMs } from "./retry.ts";
import type { Credential, CredentialSource } from "./session.ts";
import { abortWith, timeoutError } from "./timing.ts";

/** How long one try may take. */
export const requestMsMax = 15_000;

/**
 * Calls the REST API and resolves with the answer's JSON. A refused token is renewed and the call repeated once. Rejects
 * with a `SendsarError`: that of the answer, or `network`, `timeout`, `invalid_answer`. The signal cuts the call off.
 */
export async function callRest<T>(
  deps: Pick<Deps, "fetch" | "now" | "setTimer">,
  source: CredentialSource,
  signal: AbortSignal,
  request: RestRequest,
  idempotencyKey?: string,
): Promise<T> {
  const credential = await source.fresh();
  try {
    return await callOnce<T>(deps, credential, signal, request, idempotencyKey);
  } catch (error) {
    if (!(error instanceof SendsarError) || error.status !== 401) throw error;
    const renewed = await source.renew(credential);
    if (renewed === undefined) throw error;
    return callOnce<T>(deps, renewed, signal, request, idempotencyKey);
  }
}

async function callOnce<T>(
  deps: Pick<Deps, "fetch" | "now" | "setTimer">,
  { apiUrl, token }: Credential,
  signal: AbortSignal,
  request: RestRequest,
  idempotencyKey: string | undefined,
): Promise<T> {
  const { status, statusText, ok, text, retryAfter } = await exchange(
    deps,
    signal,
    request.path,
    `${apiUrl}${request.path}${toQuery(request.query)}`,
    {
      method: request.method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(request.body !== undefined && { "content-type": "application/json" }),
        ...(idempotencyKey !== undefined && { "idempotency-key": idempotencyKey }),
      },
      ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
      cache: "no-store",
      credentials: "omit",
    },
  );
  if (!ok) {
    throw toRestError(request.path, {
      status,
      statusText,
      text,
      retryAfterMs: parseRetryAfterMs(retryAfter, deps.now()),
    });
  }
  // What is taken away may be answered without a word.
  if (text === "" && request.method === "DELETE") return undefined as T;
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new SendsarError(`Sendsar ${request.path} failed: ${status}: the answer is not JSON`, {
      code: "invalid_answer",
      reason: "the answer is not JSON",
      path: request.path,
      status,
      cause,
    });
  }
}

/** One request and its whole answer, within the time limit and while the signal allows it. */
async function exchange(
  deps: Pick<Deps, "fetch" | "setTimer">,
  signal: AbortSignal,
  path: string,
  url: string,
  init: RequestInit,
) {
  const controller = new AbortController();
  const unlink = abortWith(controller, signal);
  let isLate = false;
  const cancelTimer = deps.setTimer(() => {
    isLate = true;
    controller.abort();
  }, requestMsMax);
  try {
    const response = await deps.fetch(url, { ...init, signal: controller.signal });
    const { status, statusText, ok, headers } = response;
    return { status, statusText, ok, retryAfter: headers.get("retry-after"), text: await response.text() };
  } catch (cause) {
    if (isLate) throw timeoutError(`call ${path}`, requestMsMax);
    throw unableTo(`call ${path}`, reasonOf(cause), { code: "network", cause });
  } finally {
    cancelTimer();
    unlink();
  }
}

function toQuery(query: RestRequest["query"] = {}): string {
  const entries = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return entries.length === 0 ? "" : `?${new URLSearchParams(entries)}`;
}
