import { toAnswerError } from "./call.ts";
import type { Deps } from "./deps.ts";
import { exchange } from "./exchange.ts";
import { type CallOptions, type Config, toLimits } from "./options.ts";
import { withRetries } from "./retry.ts";

/** The bytes of a file and where they go. */
export interface FileToPut {
  readonly url: string;
  readonly mediaType: string;
  readonly data: Uint8Array | Blob;
}

/** Puts a file to the store, again where that may help. */
export type PutFile = (file: FileToPut, options?: CallOptions) => Promise<void>;

/** Creates it. The store is another server: it gets no API key, and errors do not show the address, which is a secret. */
export const createPutFile =
  (deps: Deps, config: Config): PutFile =>
  async ({ url, mediaType, data }, options = {}) => {
    const operation = "put a file to the store";
    const limits = toLimits(options, { ...config, timeoutMs: putTimeoutMs }, operation);
    const signals = [config.signal, options.signal].filter((signal) => signal !== undefined);
    const redact = (text: string): string => text.replaceAll(url, "…");
    // The types tell bytes of shared memory apart; `fetch` takes a copy of them like of any other.
    const body = data as Uint8Array<ArrayBuffer> | Blob;
    const request = { method: "PUT", url, headers: { "content-type": mediaType }, body };
    const context = { fetch: deps.fetch, operation, timeoutMs: limits.timeoutMs, signals, redact };
    await withRetries(deps, { operation, signals, ...limits }, async () => {
      const answer = await exchange(context, request);
      if (!answer.ok) throw toAnswerError(operation, answer, deps.now(), redact);
    });
  };

const putTimeoutMs = 300_000;
