import type { Sendsar } from "./client.ts";
import { SendsarError, invalidOptions, isTransient } from "./errors.ts";
import { type ChatSettings, createSettingsCache } from "./settings-cache.ts";
import type { SessionToken } from "./wire.ts";

/** A user as your own login knows it. */
export interface ChatUser {
  /** The id that was given to `users.upsert`. */
  readonly id: string;
  readonly name: string;
  /** True when somebody of your staff has logged in as this user. */
  readonly impersonating?: boolean | undefined;
}

/** What a client needs to chat: the answer of the session route. */
export interface ChatSession {
  readonly token: string;
  readonly expiresAt: string;
  readonly apiUrl: string;
  readonly chatUserId: string;
  readonly displayName: string;
  readonly impersonating?: boolean;
  readonly chatSettings: ChatSettings;
}

/** What a session route is made of; `Login` is what your login looks at: a request. */
export interface SessionRouteOptions<Login> {
  readonly sendsar: Pick<Sendsar, "apiUrl" | "sessions" | "tenant" | "users">;
  /** Your own login: who sent this request, if anybody? */
  readonly authenticate: (login: Login) => Promise<ChatUser | null | undefined> | ChatUser | null | undefined;
  /** Where browsers reach the gateway, if that is another address than your server's. */
  readonly publicApiUrl?: string | undefined;
  /** Seconds that a session lasts, 600 at least; an hour when left out. */
  readonly expiresIn?: number | undefined;
  /** Creates a user who logs in and is not there yet. Without it such a login fails. */
  readonly createMissingUsers?: boolean | undefined;
  /** How long the tenant's settings are kept, in milliseconds; 30,000 when left out. */
  readonly settingsMsMax?: number | undefined;
  /** Told of everything that keeps a user from chatting; writes to `console.error` when left out. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** What a session route answers. */
export interface SessionAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ChatSession | { readonly error: string };
}

/**
 * Creates the part of a session route that does not depend on the kind of server. It never rejects: 401 when nobody is
 * logged in, 403 for a user who is deactivated, 405 for another method than GET and POST, 503 while the gateway is away, and 500
 * for what only you can put right.
 */
export function createSessionRoute<Login>(
  options: SessionRouteOptions<Login>,
): (method: string | undefined, login: Login) => Promise<SessionAnswer> {
  const { authenticate, onError = reportError } = options;
  const open = createSessionOpener(options);
  return async (method, login) => {
    if (method !== "POST" && method !== "GET") return refusedMethod;
    try {
      const user = await authenticate(login);
      if (user == null) return toAnswer(401, { error: "Log in to chat" });
      return toAnswer(200, await open(user));
    } catch (error) {
      onError(error);
      return toFailure(error);
    }
  };
}

function createSessionOpener(options: SessionRouteOptions<never>): (user: ChatUser) => Promise<ChatSession> {
  const { sendsar, publicApiUrl, expiresIn, createMissingUsers = false, settingsMsMax = 30_000 } = options;
  const { onError = reportError } = options;
  if (expiresIn !== undefined && !(expiresIn >= expiresInMin)) {
    const reason = `expiresIn must be ${expiresInMin} or more: clients renew five minutes before the end`;
    throw invalidOptions("create a session route", reason);
  }
  const settings = createSettingsCache(() => sendsar.tenant.getSettings(callLimits), settingsMsMax, onError);
  const createToken = async ({ id, name }: ChatUser): Promise<SessionToken> => {
    const mint = (): Promise<SessionToken> => sendsar.sessions.create({ userId: id, expiresIn }, callLimits);
    try {
      return await mint();
    } catch (error) {
      if (!(error instanceof SendsarError) || error.code !== "user_not_found") throw error;
      // The gateway says so of a user who is deactivated, too.
      const { deactivatedAt } = createMissingUsers
        ? await sendsar.users.upsert({ id, username: name }, callLimits)
        : await sendsar.users.get(id, callLimits);
      if (typeof deactivatedAt === "string") throw lockedOut();
      if (!createMissingUsers) throw error;
      return mint();
    }
  };
  return async (user) => {
    const [{ token, expiresAt }, chatSettings] = await Promise.all([createToken(user), settings()]);
    return {
      token,
      expiresAt,
      apiUrl: publicApiUrl ?? sendsar.apiUrl,
      chatUserId: user.id,
      displayName: user.name,
      ...(user.impersonating !== undefined && { impersonating: user.impersonating }),
      chatSettings,
    };
  };
}

const lockedOut = (): SendsarError =>
  new SendsarError("open a chat session", "the user is deactivated", { code: "user_deactivated", status: 403 });

/** Clients renew five minutes before the end: a shorter session would be renewed again and again. */
const expiresInMin = 600;

/** Somebody is waiting, and their client asks again by itself. */
const callLimits = { timeoutMs: 4000, retriesMax: 1, retryMsMax: 4000 };

/** A client goes on trying after 500 and 503, and gives up after 401 and 403: those are the user's own. */
function toFailure(error: unknown): SessionAnswer {
  if (error instanceof SendsarError && error.code === "user_deactivated") {
    return toAnswer(403, { error: "You cannot chat any more" });
  }
  if (isAway(error)) return toAnswer(503, { error: "Chat cannot be reached right now" });
  return toAnswer(500, { error: "Chat does not work right now" });
}

const isAway = (error: unknown): boolean =>
  error instanceof SendsarError && (isTransient(error) || error.code === "aborted" || (error.status ?? 0) >= 500);

const toAnswer = (
  status: number,
  body: SessionAnswer["body"],
  headers: Readonly<Record<string, string>> = {},
): SessionAnswer => ({
  status,
  headers: { ...headers, "content-type": "application/json", "cache-control": "no-store" },
  body,
});

const refusedMethod = toAnswer(405, { error: "Only GET and POST are answered here" }, { allow: "GET, POST" });

/** Only what is not of this SDK needs a stack to be found. */
const reportError = (error: unknown): void =>
  console.error("unable to open a chat session:", error instanceof SendsarError ? error.message : error);
