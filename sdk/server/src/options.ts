import { invalidOptions } from "./errors.ts";

/** Where the gateway is, and who calls. */
export interface SendsarOptions {
  /** Base of the REST API; ends in `/v1`. */
  readonly apiUrl: string;
  /** The tenant's key. It can act as every user, so it belongs on a server and nowhere else. */
  readonly apiKey: string;
  /** How long one try of a call may take, in milliseconds; 10,000 when left out. */
  readonly timeoutMs?: number | undefined;
  /** How often a call is tried again after the first time; 3 when left out, 0 for never. */
  readonly retriesMax?: number | undefined;
  /** No try of a call starts later than this after the first, in milliseconds; 30,000 when left out. */
  readonly retryMsMax?: number | undefined;
  /** Ends all calls of this client, and refuses further ones: for a server that shuts down. */
  readonly signal?: AbortSignal | undefined;
  /** Used instead of the global `fetch`: for a proxy, for tracing. */
  readonly fetch?: typeof fetch | undefined;
}

/** How one call is made, where it differs from the client's options. */
export interface CallOptions extends Pick<SendsarOptions, "timeoutMs" | "retriesMax" | "retryMsMax"> {
  /** Ends this call. */
  readonly signal?: AbortSignal | undefined;
}

/** The same for a call that changes something each time it is made. */
export interface WriteOptions extends CallOptions {
  /**
   * Makes the call happen once, however often it is made with the same key within a day; a UUID of the SDK's own when
   * left out, which covers its own retries. Give yours to cover a restart of your server too.
   */
  readonly idempotencyKey?: string | undefined;
}

/** Checked options, with defaults filled in. */
export interface Config extends Limits {
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly signal: AbortSignal | undefined;
}

/** How long a call may take. */
export interface Limits {
  readonly timeoutMs: number;
  readonly retriesMax: number;
  readonly retryMsMax: number;
}

/** The options, checked. Throws `invalid_options`, which never shows the API key. */
export function toConfig(options: SendsarOptions): Config {
  return {
    apiUrl: toApiUrl(options.apiUrl),
    apiKey: toApiKey(options.apiKey),
    signal: options.signal,
    ...toLimits(options, { timeoutMs: 10_000, retriesMax: 3, retryMsMax: 30_000 }, "create a client"),
  };
}

/** The limits of a call: its own, or else the client's. Throws `invalid_options` for what is no number of 0 or more. */
export function toLimits(options: CallOptions, defaults: Limits, operation: string): Limits {
  const limit = (name: keyof Limits): number => {
    const value = options[name] ?? defaults[name];
    if (Number.isFinite(value) && value >= 0) return value;
    throw invalidOptions(operation, `${name} must be a number of 0 or more`);
  };
  return { timeoutMs: limit("timeoutMs"), retriesMax: limit("retriesMax"), retryMsMax: limit("retryMsMax") };
}

/** The URL without a slash at its end. It is not shown when it is wrong: it may hold a password. */
export function toApiUrl(apiUrl: string): string {
  const wrong = invalidOptions("create a client", "apiUrl must be a URL as in http://localhost:3001/v1");
  if (typeof apiUrl !== "string" || !URL.canParse(apiUrl)) throw wrong;
  const { protocol, username, password, search, hash, pathname } = new URL(apiUrl);
  const isPlain = `${username}${password}${search}${hash}` === "";
  if (!["http:", "https:"].includes(protocol) || !isPlain || !/\/v1\/?$/.test(pathname)) throw wrong;
  return apiUrl.replace(/\/$/, "");
}

/** A key that cannot be a header would be shown by the error of `fetch`. */
function toApiKey(apiKey: string): string {
  if (typeof apiKey === "string" && /^[\x21-\x7e]{1,512}$/.test(apiKey)) return apiKey;
  throw invalidOptions("create a client", "apiKey must be the tenant's API key, as in sk_…");
}
