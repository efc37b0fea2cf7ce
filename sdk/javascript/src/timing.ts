import type { Deps } from "./deps.ts";
import { type SendsarError, unableTo } from "./errors.ts";

type Timers = Pick<Deps, "setTimer">;

/** Resolves after `delayMs`, or rejects with the signal's reason when that comes first. */
export function wait({ setTimer }: Timers, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const onAbort = (): void => {
      cancel();
      reject(signal.reason as Error);
    };
    const cancel = setTimer(() => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    }, delayMs);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** Settles as `work` does, or rejects with code `timeout` after `limitMs`; `work` itself is not stopped by that. */
export function withDeadline<T>(
  { setTimer }: Timers,
  work: Promise<T>,
  limitMs: number,
  operation: string,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = setTimer(() => reject(timeoutError(operation, limitMs)), limitMs);
    work.then(resolve, reject).finally(cancel);
  });
}

/** The error of an operation that was not answered in time. */
export const timeoutError = (operation: string, limitMs: number): SendsarError =>
  unableTo(operation, `no answer within ${limitMs / 1000} s`, { code: "timeout" });

/** The error of an operation that was given up because another call made it pointless. */
export const abortedError = (operation: string, reason: string, cause?: unknown): SendsarError =>
  unableTo(operation, reason, { code: "aborted", cause });

/**
 * Aborts the controller when one of the signals is aborted, for the same reason. Returns a function that ends that. Not
 * `AbortSignal.any`: browsers of 2023 do not have it.
 */
export function abortWith(controller: AbortController, ...signals: readonly (AbortSignal | undefined)[]): () => void {
  const links = signals.flatMap((signal) => {
    if (signal === undefined) return [];
    const stop = (): void => controller.abort(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
    return [() => signal.removeEventListener("abort", stop)];
  });
  return () => links.forEach((unlink) => unlink());
}

/** How long to wait between tries. */
export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * The delay after the try number `attempt`, counted from 0: doubles up to `maxMs`, then times 0.5 to 1.5, so that clients
 * which were cut together do not come back together.
 */
export const backoffMs = ({ baseMs, maxMs }: Backoff, attempt: number, random: () => number): number =>
  Math.min(maxMs, baseMs * 2 ** attempt) * (0.5 + random());

/** A promise with its handles. Nobody has to wait for it: a rejection without a listener is not reported. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/** Creates a pending `Deferred`. */
export function createDeferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  promise.catch(() => {});
  return { promise, resolve, reject };
}
