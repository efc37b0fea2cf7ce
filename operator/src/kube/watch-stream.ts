import type { Readable } from "node:stream";
import type { Clock } from "./clock.ts";
import type { WatchEvent } from "./kube-client.ts";
import { KubeUnreachable } from "./kube-error.ts";
import type { KubeObject } from "./kube-object.ts";
import { toWatchError } from "./read-answer.ts";

export interface WatchStreamOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** `watch tenants`, for errors. */
  readonly operation: string;
  readonly lineBytesMax: number;
  /** Without a byte for so long the other side is taken for gone (a half-open connection). */
  readonly silenceMsMax: number;
}

/**
 * The events of a watch, one JSON text a line. Ends with the body; throws the signal's reason once it is aborted, and
 * `KubeUnreachable` when the connection breaks, falls silent, or sends what is no event.
 */
export async function* readWatchStream<T extends KubeObject>(
  body: Readable,
  options: WatchStreamOptions,
): AsyncGenerator<WatchEvent<T>> {
  const { signal, operation } = options;
  using silence = watchSilence(body, options);
  const stop = (): void => void body.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    for await (const line of readLines(body, options, silence.heard)) {
      const event = line.trim() === "" ? undefined : toWatchEvent<T>(line, operation);
      if (event) yield event;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof KubeUnreachable) throw error;
    throw new KubeUnreachable(`unable to ${operation}; ${silence.reason ?? "the connection broke"}`, { cause: error });
  } finally {
    signal.removeEventListener("abort", stop);
    body.destroy();
  }
  signal.throwIfAborted();
}

async function* readLines(
  body: Readable,
  { operation, lineBytesMax }: WatchStreamOptions,
  heard: () => void,
): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    heard();
    let from = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      parts.push(chunk.subarray(from, end));
      from = end + 1;
      const line = Buffer.concat(parts).toString();
      parts = [];
      bytes = 0;
      yield line;
    }
    parts.push(chunk.subarray(from));
    bytes += chunk.length - from;
    if (bytes > lineBytesMax)
      throw new KubeUnreachable(`unable to ${operation}; an event has more than ${lineBytesMax} bytes`);
  }
}

const newline = 0x0a;

/** Destroys the body when nothing was heard for too long. */
const watchSilence = (
  body: Readable,
  { clock, silenceMsMax }: WatchStreamOptions,
): Disposable & { readonly heard: () => void; readonly reason: string | undefined } => {
  const done = new AbortController();
  let heardAt = clock.now();
  let reason: string | undefined;
  const watch = async (): Promise<void> => {
    for (;;) {
      const leftMs = heardAt + silenceMsMax - clock.now();
      if (leftMs <= 0) break;
      await clock.sleep(leftMs, done.signal);
    }
    reason = `nothing was heard for ${silenceMsMax} ms`;
    body.destroy();
  };
  watch().catch(() => undefined);
  return {
    heard: () => {
      heardAt = clock.now();
    },
    get reason() {
      return reason;
    },
    [Symbol.dispose]: () => done.abort(),
  };
};

/** Undefined for what says nothing: a type that is not known, a bookmark without a place. */
const toWatchEvent = <T extends KubeObject>(line: string, operation: string): WatchEvent<T> | undefined => {
  const { type, object } = parseLine<T>(line, operation);
  switch (type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return { type, object };
    case "BOOKMARK": {
      const { resourceVersion } = object.metadata;
      return resourceVersion ? { type, resourceVersion } : undefined;
    }
    case "ERROR":
      return { type, ...toWatchError(object) };
    default:
      return undefined;
  }
};

const parseLine = <T>(line: string, operation: string): { readonly type: string; readonly object: T } => {
  try {
    return JSON.parse(line) as { readonly type: string; readonly object: T };
  } catch {
    // Not as the cause: its message quotes what came, and that may be a Secret.
    throw new KubeUnreachable(`unable to ${operation}; what came is no JSON`);
  }
};
