import { SendsarError } from "./errors.ts";
import type { HttpRequest } from "./request.ts";

/** An answer with all of its body. */
export interface HttpAnswer {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: Headers;
  readonly text: string;
}

/** What one request needs beside itself. */
export interface Exchange {
  readonly fetch: typeof fetch;
  /** What is being done, for errors. */
  readonly operation: string;
  readonly timeoutMs: number;
  /** Any of them ends it. */
  readonly signals: readonly AbortSignal[];
  /** Takes secrets out of what is said in errors. */
  readonly redact: (text: string) => string;
}

/**
 * Sends one request and reads its whole answer, of whatever status. Rejects with `timeout`, `aborted` or `network`. A
 * redirect is answered, not followed: it would take the API key elsewhere.
 */
export async function exchange(context: Exchange, request: HttpRequest): Promise<HttpAnswer> {
  const { operation, timeoutMs, signals } = context;
  throwIfAborted(operation, signals);
  const controller = new AbortController();
  const { promise: cut, reject } = withReject();
  const give = (error: SendsarError): void => {
    reject(error);
    controller.abort();
  };
  const stop = (): void => give(abortedError(operation));
  const late = `no answer within ${timeoutMs / 1000} s`;
  const timer = setTimeout(() => give(new SendsarError(operation, late, { code: "timeout" })), timeoutMs);
  for (const signal of signals) signal.addEventListener("abort", stop, { once: true });
  try {
    // Raced, so that a `fetch` of the app's own that does not know signals cannot hold the call.
    return await Promise.race([cut, send(context, request, controller.signal)]);
  } finally {
    clearTimeout(timer);
    for (const signal of signals) signal.removeEventListener("abort", stop);
  }
}

/** Throws `aborted` if one of the signals already is. */
export function throwIfAborted(operation: string, signals: readonly AbortSignal[]): void {
  if (signals.some(({ aborted }) => aborted)) throw abortedError(operation);
}

const abortedError = (operation: string): SendsarError =>
  new SendsarError(operation, "it was told to stop", { code: "aborted" });

async function send(context: Exchange, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  const { fetch, operation, redact } = context;
  const { url, method, headers, body } = request;
  try {
    const init = { method, headers, redirect: "manual" as const, signal };
    const answer = await fetch(url, body === undefined ? init : { ...init, body });
    return { status: answer.status, ok: answer.ok, headers: answer.headers, text: await answer.text() };
  } catch (error) {
    throw new SendsarError(operation, redact(networkReason(error)), { code: "network" });
  }
}

/** Why `fetch` failed, in a few words: it says itself only that it did, and keeps the reason as the cause. */
function networkReason(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return networkReason(error.errors[0]);
  if (error instanceof Error) return error.cause instanceof Error ? networkReason(error.cause) : error.message;
  return "the network failed";
}

/** A promise that can only be rejected. Nobody has to wait for it: it is not reported when nobody does. */
function withReject(): { readonly promise: Promise<never>; readonly reject: (error: Error) => void } {
  let reject!: (error: Error) => void;
  const promise = new Promise<never>((_, onError) => {
    reject = onError;
  });
  promise.catch(() => {});
  return { promise, reject };
}
