/**
 * Where the bytes of files are kept. Clients put them there without passing through the chat, at an address that is
 * signed for one key; nobody reads what they put until it was looked at and copied to a key of its own, which no client
 * can write to.
 *
 * Keys are made by us, of lower-case letters, digits, dashes and slashes, after an underscore some of them. Every function throws `FileStoreError` when the
 * store does not do what it should.
 */
export interface FileStore {
  /** An address for one PUT of exactly these bytes with `Content-Type` as its only header (contract 8). */
  presignPut(put: PresignedPut): Promise<string>;
  /** What a client has put at a key; undefined while there is nothing. */
  inspect(key: string): Promise<Arrived | undefined>;
  /** Copies what was inspected to another key. Answers false if it has been replaced since. */
  promote(from: string, to: string, arrived: Arrived, headers: ServedHeaders): Promise<boolean>;
  /** How a file comes to whoever may read it. */
  serve(key: string, request: ServeRequest): Promise<Served>;
  /** Removes an object. One that is not there is removed. */
  remove(key: string): Promise<void>;
  /** Whether files can be kept at all: throws the reason when not. */
  check(): Promise<void>;
  /** Removes what broken-off work has left, where the store does not do that by itself. */
  tidy(): Promise<void>;
  /** There when clients put their bytes to the gateway itself. */
  readonly receiver?: FileReceiver;
}

/** What a client may put. */
export interface PresignedPut {
  readonly key: string;
  /** The client's `Content-Type`, to the letter. */
  readonly contentType: string;
  readonly sizeBytes: number;
  readonly expiresAt: Date;
}

/** What lies at a key. */
export interface Arrived {
  readonly sizeBytes: number;
  /** Changes with every PUT. */
  readonly version: string;
  /** The first `headBytes` bytes, or all if there are fewer. */
  readonly head: Uint8Array;
}

/** Enough to tell by its beginning what a file is. */
export const headBytes = 4100;

/** What a browser is told about a file. */
export interface ServedHeaders {
  readonly contentType: string;
  readonly contentDisposition: string;
}

export interface ServeRequest extends ServedHeaders {
  readonly method: "GET" | "HEAD";
  /** Seconds for which a cache may keep it. */
  readonly cacheSeconds: number;
}

/** Elsewhere, at an address that is good for `seconds`; or here, in a folder. */
export type Served =
  | { readonly kind: "elsewhere"; readonly url: string; readonly seconds: number }
  | { readonly kind: "here"; readonly dir: string; readonly path: string };

/** Takes what a client puts to the gateway. */
export interface FileReceiver {
  /**
   * Keeps a body under a key if it is exactly `sizeBytes`, and answers whether it was. What is more than that is not
   * read, and what was kept of a body that does not fit or breaks off is removed.
   */
  receive(key: string, body: AsyncIterable<Uint8Array>, sizeBytes: number): Promise<boolean>;
}

/** The store does not do what it should: it is away, full, or not set up. */
export class FileStoreError extends Error {
  override readonly name = "FileStoreError";
}
