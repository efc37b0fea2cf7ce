import type { Deps } from "./deps.ts";
import { type SendsarError, reasonOf, unableTo } from "./errors.ts";
import { timeoutError } from "./timing.ts";

/** How much of a file is on its way. */
export interface UploadProgress {
  readonly sentBytes: number;
  readonly totalBytes: number;
}

/** Where the bytes of a file go. */
export interface PutTarget {
  readonly url: string;
  readonly file: Blob;
  readonly mediaType: string;
}

/** A file of which nothing moves for this long is given up. */
export const stalledMsMax = 60_000;

/**
 * Puts the bytes of a file to an address of the file store, with the media type as the only header. Rejects with
 * `upload_failed` and the store's status, with `network`, with `timeout` when nothing moves for a minute, and with the
 * signal's reason. Where there is no `XMLHttpRequest`, only the beginning and the end are reported.
 */
export function putFile(
  deps: Pick<Deps, "fetch" | "setTimer">,
  target: PutTarget,
  signal: AbortSignal,
  onProgress: (progress: UploadProgress) => void,
): Promise<void> {
  const put = typeof XMLHttpRequest === "function" ? putByXhr : putByFetch;
  return put(deps, target, signal, onProgress);
}

type Put = typeof putFile;

const putByXhr: Put = ({ setTimer }, { url, file, mediaType }, signal, onProgress) =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const request = new XMLHttpRequest();
    let cancelTimer = (): void => {};
    const settle = (act: () => void): void => {
      cancelTimer();
      signal.removeEventListener("abort", onAbort);
      act();
    };
    const giveUp = (error: unknown): void => {
      request.onabort = null;
      request.abort();
      settle(() => reject(error as Error));
    };
    const onAbort = (): void => giveUp(signal.reason);
    const watch = (): void => {
      cancelTimer();
      cancelTimer = setTimer(() => giveUp(timeoutError("upload the file", stalledMsMax)), stalledMsMax);
    };
    signal.addEventListener("abort", onAbort);
    request.upload.onprogress = ({ loaded }) => {
      watch();
      onProgress({ sentBytes: Math.min(loaded, file.size), totalBytes: file.size });
    };
    request.onload = () => settle(() => (isOk(request.status) ? resolve() : reject(refusedBy(request.status))));
    request.onerror = () => settle(() => reject(networkError("the connection broke")));
    request.onabort = () => settle(() => reject(networkError("the browser gave it up")));
    request.open("PUT", url);
    request.setRequestHeader("content-type", mediaType);
    watch();
    request.send(file);
  });

const putByFetch: Put = async ({ fetch }, { url, file, mediaType }, signal, onProgress) => {
  const totalBytes = file.size;
  onProgress({ sentBytes: 0, totalBytes });
  const headers = { "content-type": mediaType };
  const response = await fetch(url, { method: "PUT", headers, body: file, signal, credentials: "omit" }).catch(
    (error: unknown) => {
      throw signal.aborted ? signal.reason : networkError(reasonOf(error), error);
    },
  );
  // A body that nobody reads keeps its connection.
  await response.body?.cancel();
  if (!response.ok) throw refusedBy(response.status);
  onProgress({ sentBytes: totalBytes, totalBytes });
};

const isOk = (status: number): boolean => status >= 200 && status < 300;

const refusedBy = (status: number): SendsarError =>
  unableTo("upload the file", `the file store answered ${status}`, { code: "upload_failed", status });

const networkError = (reason: string, cause?: unknown): SendsarError =>
  unableTo("upload the file", reason, { code: "network", cause });
