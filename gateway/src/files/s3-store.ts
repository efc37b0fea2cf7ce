import type { Arrived, FileStore } from "./file-store.ts";
import { FileStoreError, headBytes } from "./file-store.ts";
import type { S3Request, S3RequestsOptions } from "./s3-requests.ts";
import { createS3Requests } from "./s3-requests.ts";

export interface S3StoreOptions extends S3RequestsOptions {
  /** Where clients reach the store, when it is not where gateways do. */
  readonly publicEndpoint?: string | undefined;
  /** Milliseconds that a request may take, and that the copying of a file may, in place of those of the product. */
  readonly msMax?: { readonly request: number; readonly copy: number };
}

/** For which the address of a file at the store is good. */
const servedSeconds = 600;

/** Files in a bucket of any store that speaks S3. Clients put and get bytes there; the gateway signs. */
export const createS3Store = (options: S3StoreOptions): FileStore => {
  const { bucket, publicEndpoint, msMax = { request: 4000, copy: 45_000 } } = options;
  const requests = createS3Requests(options);
  const publicRequests =
    publicEndpoint === undefined ? requests : createS3Requests({ ...options, endpoint: publicEndpoint });
  const send = (request: S3Request, ms = msMax.request): Promise<Response> =>
    requests.send(request, AbortSignal.timeout(ms));

  return {
    presignPut: ({ key, contentType, sizeBytes, expiresAt }) =>
      guarded("sign an address", () => {
        // A browser sends the length by itself, so a body of another length is refused before it is stored.
        const headers = { "content-type": contentType, "content-length": String(sizeBytes) };
        const seconds = Math.max(1, Math.round((expiresAt.getTime() - Date.now()) / 1000));
        return publicRequests.presign({ method: "PUT", key, headers }, seconds);
      }),
    inspect: (key) =>
      guarded("read a file", async () => {
        const response = await send({ method: "GET", key, headers: { range: `bytes=0-${headBytes - 1}` } });
        if (response.status === 404) {
          await response.body?.cancel();
          return undefined;
        }
        // No byte of an empty object can be asked for.
        if (response.status === 416) return { ...(await readHead(response)), sizeBytes: 0 };
        await requireStatus(response, 206, 200);
        const total = /\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
        const arrived = await readHead(response);
        return { ...arrived, sizeBytes: Number(total ?? response.headers.get("content-length")) };
      }),
    promote: (from, to, arrived, { contentType, contentDisposition }) =>
      guarded("keep a file", async () => {
        const headers = {
          "x-amz-copy-source": `/${bucket}/${from}`,
          "x-amz-copy-source-if-match": arrived.version,
          "x-amz-metadata-directive": "REPLACE",
          "content-type": contentType,
          "content-disposition": contentDisposition,
        };
        const response = await send({ method: "PUT", key: to, headers }, msMax.copy);
        if ([404, 412].includes(response.status)) {
          await response.body?.cancel();
          return false;
        }
        await requireStatus(response, 200);
        // A copy that takes long answers 200 before it is made, and says in the end whether it was.
        const text = await response.text();
        if (text.includes("CopyObjectResult")) return true;
        throw new Error(`200 ${codeOf(text)}`);
      }),
    serve: (key, { method, contentType, contentDisposition, cacheSeconds }) =>
      guarded("sign an address", async () => {
        const query = {
          "response-content-type": contentType,
          "response-content-disposition": contentDisposition,
          "response-cache-control": `private, max-age=${cacheSeconds}`,
        };
        const url = await publicRequests.presign({ method, key, query }, servedSeconds);
        // Not for all of it: who is sent there must still have time to go.
        return { kind: "elsewhere", url, seconds: servedSeconds / 2 } as const;
      }),
    remove: (key) =>
      guarded("remove a file", async () => {
        const response = await send({ method: "DELETE", key });
        await requireStatus(response, 204, 200, 404);
        await response.body?.cancel();
      }),
    check: () =>
      guarded(`use the bucket ${bucket}`, async () => {
        await requireStatus(await send({ method: "HEAD" }), 200);
      }),
    // An object of S3 is there when all of it is.
    tidy: async () => undefined,
  };
};

/** Reads the beginning of an object, also where a store answers the whole of it. */
const readHead = async (response: Response): Promise<Arrived> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= headBytes) break;
  }
  const head = Buffer.concat(chunks).subarray(0, headBytes);
  return { sizeBytes: head.length, version: response.headers.get("etag") ?? "", head };
};

const requireStatus = async (response: Response, ...statuses: readonly number[]): Promise<void> => {
  if (!statuses.includes(response.status)) throw new Error(`${response.status} ${codeOf(await response.text())}`);
};

/** The code of an error as S3 writes it; nothing else of it is for our log. */
const codeOf = (text: string): string => /<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? "";

const guarded = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    const { message, cause } = error as Error;
    const reason = cause instanceof Error ? `${message}: ${cause.message}` : message;
    throw new FileStoreError(`unable to ${what}; the store answered: ${reason.trim()}`, { cause: error });
  }
};
