import type { Stage } from "../stage/stage.ts";
import { breakText } from "./body-texts.ts";
import { breakValue } from "./breaks.ts";
import type { Context, Pool, Session } from "./pool.ts";
import { Reference } from "./reference.ts";
import type { PathText, PlannedRequest } from "./request.ts";

/** A request as it goes over the wire. */
export interface WireRequest {
  readonly method: string;
  /** From the origin on. */
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array | undefined;
  readonly isChunked: boolean;
  /** How often it is sent, all at once. */
  readonly times: number;
  /** The user whose session it is sent with, if it is one that there is. */
  readonly sessionOf: string | undefined;
}

/** Fills in the ids of this run. */
export const bindRequest = async (planned: PlannedRequest, pool: Pool, stage: Stage): Promise<WireRequest> => {
  const { operation, query, queryTail, contentType, idempotencyKeys, isChunked, times } = planned;
  const roomRef = operation.path.includes("{roomId}") ? planned.path["roomId"] : undefined;
  const roomId = roomRef && "value" in roomRef ? String(fill(roomRef.value, pool, {})) : undefined;
  const pick = roomRef && "value" in roomRef && roomRef.value instanceof Reference ? roomRef.value.pick : 1;
  const actor = pool.actorIn(roomId, pick);
  const session = usesSession(planned, pick) ? await pool.sessionOf(actor) : undefined;
  const userId = session?.userId ?? actor;
  const context: Context = { roomId, userId };
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    name === "roomId" && roomId !== undefined ? encode(roomId) : toPath(planned.path[name], pool, context),
  );
  const pairs = query.map(([name, value]) => `${name}=${encode(String(fill(value, pool, context)))}`);
  const isInQuery =
    planned.caller === "keyInQuery" ? [`x-api-key=${stage.own.apiKey}`, `apiKey=${stage.own.apiKey}`] : [];
  const queryText = [...pairs, ...isInQuery, ...(queryTail === "" ? [] : [queryTail])].join("&");
  const { headers, sessionOf } = await credentialsOf(planned, session, stage);
  const body = toBody(planned, pool, context);
  return {
    method: planned.method ?? operation.method,
    path: queryText === "" ? path : `${path}?${queryText}`,
    headers: [
      ...headers,
      ...contentType.map((value) => ["content-type", value] as const),
      ...idempotencyKeys.map((value) => ["idempotency-key", value] as const),
    ],
    body,
    isChunked: isChunked && body !== undefined,
    times,
    sessionOf,
  };
};

/** Puts ids in the place of references, wherever they stand. */
const fill = (value: unknown, pool: Pool, context: Context): unknown => {
  if (value instanceof Reference) return pool.resolve(value, context);
  if (Array.isArray(value)) return value.map((item: unknown) => fill(item, pool, context));
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, pool, context)]));
};

const encode = (text: string): string => encodeURIComponent(text.toWellFormed());

const toPath = (text: PathText | undefined, pool: Pool, context: Context): string => {
  if (text === undefined) return "";
  return "raw" in text ? text.raw : encode(String(fill(text.value, pool, context)));
};

const toBody = ({ body }: PlannedRequest, pool: Pool, context: Context): Uint8Array | undefined => {
  if (!body) return undefined;
  const value = body.breaks.reduce(breakValue, fill(body.value, pool, context));
  const json = JSON.stringify(value) ?? "";
  const text = body.text === undefined ? json : breakText(body.text, json);
  return typeof text === "string" ? Buffer.from(text) : text;
};

type Credentials = Pick<WireRequest, "headers" | "sessionOf">;

/** Where both a backend and a user may call, either does. */
const usesSession = ({ caller, operation: { callers } }: PlannedRequest, pick: number): boolean => {
  if (caller !== "right") return ["user", "wrongToken", "tokenAsKey", "twoTokens"].includes(caller);
  return callers.includes("session") && !(callers.includes("apiKey") && pick % 2 === 0);
};

const credentialsOf = async (
  { caller, operation }: PlannedRequest,
  session: Session | undefined,
  { own, stranger, victim }: Stage,
): Promise<Credentials> => {
  const mine: Credentials = session ? { ...bearer(session.token), sessionOf: session.userId } : key(own.apiKey);
  switch (caller) {
    case "right":
      return operation.callers.length === 0 ? none : mine;
    case "backend":
    case "user":
      return mine;
    case "strangerBackend":
      return key(stranger.apiKey);
    case "strangerUser":
      return bearer(await strangerToken(stranger));
    case "nobody":
    case "keyInQuery":
      return none;
    case "wrongKey":
      return key(`${own.apiKey.slice(0, -1)}${own.apiKey.endsWith("x") ? "y" : "x"}`);
    case "wrongToken":
      return bearer(`${session?.token.slice(0, -4)}AAAA`);
    case "keyAsToken":
      return bearer(own.apiKey);
    case "tokenAsKey":
      return key(session?.token ?? "");
    case "keyAndToken":
      return both(key(own.apiKey), bearer(victim.token));
    case "twoKeys":
      return both(key(own.apiKey), key(victim.tenant.apiKey));
    case "twoTokens":
      return both(mine, bearer(victim.token));
  }
};

const none: Credentials = { headers: [], sessionOf: undefined };

const key = (value: string): Credentials => ({ headers: [["x-api-key", value]], sessionOf: undefined });

const bearer = (token: string): Credentials => ({
  headers: [["authorization", `Bearer ${token}`]],
  sessionOf: undefined,
});

const both = (one: Credentials, other: Credentials): Credentials => ({
  headers: [...one.headers, ...other.headers],
  sessionOf: undefined,
});

/** A user that has the id of one of the others' users. */
const strangerToken = async ({ api }: Stage["own"]): Promise<string> => {
  await api.post("/users", { id: "ann", username: "Ann of another tenant" });
  const { body } = await api.post("/auth/token", { userId: "ann" });
  return typeof body.token === "string" ? body.token : "of-a-user-who-is-gone";
};
