import type { Deps } from "./deps.ts";
import { SendsarError, reasonOf, unableTo } from "./errors.ts";
import type { GetSession, Session } from "./options.ts";
import { withDeadline } from "./timing.ts";

/** A token with what the SDK needs around it. */
export interface Credential {
  readonly token: string;
  readonly userId: string;
  /** REST base without a slash at its end. */
  readonly apiUrl: string;
  /** When to get another token, in milliseconds since 1970; infinite when that cannot be told or done. */
  readonly renewAtMs: number;
  readonly expiresAtMs: number;
}

/** Where the connection and the REST calls get their credential from. */
export interface CredentialSource {
  /** A credential that is not about to end. */
  fresh(): Promise<Credential>;
  /** Another credential than the refused one, or undefined if there is none to be had. */
  renew(refused: Credential): Promise<Credential | undefined>;
}

/** A token that the app brings; it ends when it ends, unless the app brings another. */
export class GivenToken implements CredentialSource {
  readonly userId: string;
  readonly #apiUrl: string;
  #token: string;

  constructor(apiUrl: string, userId: string, token: string) {
    this.userId = userId;
    this.#apiUrl = apiUrl;
    this.#token = token;
  }

  /** Uses this token from the next call and the next socket on. */
  replace(token: string): void {
    this.#token = token;
  }

  fresh(): Promise<Credential> {
    return Promise.resolve({
      token: this.#token,
      userId: this.userId,
      apiUrl: this.#apiUrl,
      renewAtMs: Infinity,
      expiresAtMs: Infinity,
    });
  }

  async renew(refused: Credential): Promise<Credential | undefined> {
    return this.#token === refused.token ? undefined : this.fresh();
  }
}

/** Tokens from the app's `getSession`: renewed before they end and when one is refused, by one call at a time. */
export class RenewedSession implements CredentialSource {
  readonly #deps: Pick<Deps, "now" | "setTimer">;
  readonly #getSession: GetSession;
  readonly #apiUrl: string | undefined;
  #current: Credential | undefined;
  #renewing: Promise<Credential> | undefined;

  constructor(deps: Pick<Deps, "now" | "setTimer">, getSession: GetSession, apiUrl: string | undefined) {
    this.#deps = deps;
    this.#getSession = getSession;
    this.#apiUrl = apiUrl;
  }

  async fresh(): Promise<Credential> {
    const current = this.#current;
    if (current !== undefined && this.#deps.now() < current.renewAtMs) return current;
    try {
      return await this.#renewOnce();
    } catch (error) {
      const isUsable = current !== undefined && this.#deps.now() < current.expiresAtMs;
      if (!isUsable || isFinalSessionError(error)) throw error;
      this.#current = { ...current, renewAtMs: this.#deps.now() + renewIntervalMsMin };
      return this.#current;
    }
  }

  async renew(refused: Credential): Promise<Credential | undefined> {
    const current = this.#current;
    const renewed = current !== undefined && current.token !== refused.token ? current : await this.#renewOnce();
    return renewed.token === refused.token ? undefined : renewed;
  }

  #renewOnce(): Promise<Credential> {
    this.#renewing ??= this.#fetch().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #fetch(): Promise<Credential> {
    let session: Session;
    try {
      session = await withDeadline(this.#deps, this.#getSession(), getSessionMsMax, "get a session");
    } catch (error) {
      const status = statusOf(error);
      throw unableTo("get a session", reasonOf(error), {
        code: "session_unavailable",
        status,
        cause: error,
      });
    }
    const credential = toCredential(session, this.#apiUrl, this.#deps.now());
    if (this.#current !== undefined && this.#current.userId !== credential.userId) {
      throw unableTo("renew the session", "it belongs to another user", { code: "invalid_session" });
    }
    this.#current = credential;
    return credential;
  }
}

/** True if asking again is pointless: the user may not chat any more, or `getSession` is wrong. */
export const isFinalSessionError = (error: unknown): boolean =>
  error instanceof SendsarError &&
  (error.code === "invalid_session" ||
    error.code === "invalid_options" ||
    (error.code === "session_unavailable" && (error.status === 401 || error.status === 403)));

/** The URL without one slash at its end. Throws `invalid_options` for anything but an http(s) URL. */
export function toApiUrl(url: string): string {
  if (!/^https?:\/\//i.test(url) || !isUrl(url)) {
    throw unableTo("use the API URL", `${JSON.stringify(url)} is not an http or https URL`, {
      code: "invalid_options",
    });
  }
  return url.endsWith("/") ? url.slice(0, -1) : url;
}

/** How long `getSession` may take. */
const getSessionMsMax = 15_000;

/** A token is renewed this long before its end, or when a fifth of its life is left if that is later. */
const renewEarlyMs = 300_000;

/** And never sooner than this after the last try, so that a backend which fails or repeats an old session is not flooded. */
const renewIntervalMsMin = 30_000;

function toCredential(session: Session, apiUrl: string | undefined, nowMs: number): Credential {
  for (const field of ["token", "chatUserId"] as const) {
    if (typeof session?.[field] !== "string" || session[field] === "") {
      throw unableTo("use the session", `getSession gave no ${field}`, { code: "invalid_session" });
    }
  }
  const lifeMs = Date.parse(session.expiresAt) - nowMs;
  // A session that seems to have ended on arrival, or names no end, says nothing about this clock: only a refusal renews it.
  const isTimed = lifeMs > 0;
  return {
    token: session.token,
    userId: session.chatUserId,
    apiUrl: apiUrl ?? toApiUrl(session.apiUrl),
    renewAtMs: isTimed ? nowMs + Math.max(renewIntervalMsMin, lifeMs - Math.min(renewEarlyMs, lifeMs / 5)) : Infinity,
    expiresAtMs: isTimed ? nowMs + lifeMs : Infinity,
  };
}

function isUrl(text: string): boolean {
  try {
    return new URL(text).host !== "";
  } catch {
    return false;
  }
}

function statusOf(error: unknown): number | undefined {
  const status = typeof error === "object" && error !== null && "status" in error ? error.status : undefined;
  return typeof status === "number" ? status : undefined;
}
