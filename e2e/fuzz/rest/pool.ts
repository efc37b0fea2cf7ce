import { randomUUID } from "node:crypto";
import { sampleFiles } from "../../../scripts/testing/sample-files.ts";
import { uploadFile } from "../../../scripts/testing/upload-file.ts";
import type { Stage } from "../stage/stage.ts";
import type { Kind, Reference } from "./reference.ts";

/** What a reference is filled in for: the room that the request is about, and who acts. */
export interface Context {
  readonly roomId?: string | undefined;
  readonly userId?: string | undefined;
}

/** Ids that there are, or were a moment ago: so that requests reach what lies behind "not found". */
export interface Pool {
  /** Makes a new room with people, messages, a file, a device and an app; the requests wear the older ones out. */
  restock(): Promise<void>;
  /** Remembers what an answer names. */
  learn(body: unknown): void;
  resolve(reference: Reference, context: Context): string;
  /** Somebody who is, or was, in the room. */
  actorIn(roomId: string | undefined, pick: number): string;
  /** A session of a user, or of somebody else when that one cannot have one any more. */
  sessionOf(userId: string): Promise<Session>;
  /** Forgets the tokens of a user, or all of them. */
  forgetTokens(userId?: string): void;
}

export interface Session {
  readonly userId: string;
  readonly token: string;
}

const keptMax = 40;

export const createPool = ({ own, victim }: Stage): Pool => {
  const known = new Map<Kind, string[]>();
  const people = new Map<string, readonly string[]>();
  const messages = new Map<string, string[]>();
  const tokens = new Map<string, string>();
  let scenes = 0;
  const add = (kind: Kind, id: unknown): void => {
    if (typeof id !== "string" || id === "") return;
    const ids = known.get(kind) ?? [];
    known.set(kind, [id, ...ids.filter((one) => one !== id)].slice(0, keptMax));
  };
  const choose = (ids: readonly string[] | undefined, pick: number): string | undefined =>
    ids === undefined || ids.length === 0
      ? undefined
      : ids[(pick >> 1) % (pick % 2 === 0 ? Math.min(ids.length, 4) : ids.length)];

  const learnObject = (found: Readonly<Record<string, unknown>>): void => {
    const { id, roomId } = found;
    add("cursor", found["nextCursor"]);
    add("cursor", found["previousCursor"]);
    add("externalId", found["externalId"]);
    add("upload", found["uploadId"]);
    if ("hasFcm" in found) add("app", found["appCode"]);
    if ("provider" in found) add("device", found["token"]);
    if ("username" in found) add("user", "deactivatedAt" in found ? id : found["userId"]);
    if (typeof id !== "string") return;
    if (Array.isArray(found["participants"])) {
      add("room", id);
      const users = (found["participants"] as readonly { readonly userId: string }[]).map(({ userId }) => userId);
      if (users.length > 0) people.set(id, users);
    }
    if (typeof roomId === "string" && "seq" in found) {
      add("message", id);
      messages.set(roomId, [id, ...(messages.get(roomId) ?? [])].slice(0, keptMax));
    }
  };

  const learn = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value.slice(0, 10) as unknown[]) learn(item);
    if (typeof value !== "object" || value === null) return;
    for (const item of Object.values(value)) if (Array.isArray(item)) learn(item);
    if (!Array.isArray(value)) learnObject(value as Readonly<Record<string, unknown>>);
  };

  const post = async (path: string, body: unknown): Promise<unknown> => {
    const answer = await own.api.post(path, body);
    if (answer.status > 201) throw new Error(`unable to prepare a request; ${path} ${JSON.stringify(answer.body)}`);
    learn(answer.body);
    return answer.body;
  };

  /** The settings are those of all requests: none may switch something off for the rest of the run. */
  const resetSettings = async (): Promise<void> => {
    const { body } = await own.api.get("/tenant/settings");
    await own.api.patch("/tenant/settings", Object.fromEntries(Object.keys(body as object).map((key) => [key, null])));
  };

  /** Undefined for a user who is locked out or deleted. */
  const mint = async (userId: string): Promise<string | undefined> => {
    const { status, body } = await own.api.post("/auth/token", { userId });
    if (status !== 200) return undefined;
    const { token } = body as Session;
    tokens.set(userId, token);
    return token;
  };

  return {
    learn,
    async restock() {
      await resetSettings();
      const scene = ++scenes;
      // The victim has users of these names, too.
      const users = ["ann", "bo", `cy-${scene}`, `di-${scene}`];
      for (const id of users) await post("/users", { id, username: `Name of ${id}` });
      for (const id of ["ann", "bo"]) await own.api.post(`/users/${id}/reactivate`);
      const participants = users.map((id) => ({ id }));
      const room = (await post("/chat/rooms", {
        name: `Scene ${scene}`,
        externalId: `scene-${scene}`,
        participants,
      })) as {
        readonly id: string;
      };
      for (const senderId of users) {
        await post(`/chat/rooms/${room.id}/messages`, {
          senderId,
          parts: [{ type: "text", text: `From ${senderId}` }],
        });
      }
      // A tenant has so many at most, and then the ones that are there have to do.
      learn((await own.api.post("/tenant-apps", { appCode: `app-${scene}` })).body);
      await post(`/users/ann/device-tokens`, { provider: "FCM", token: `device-${scene}` });
      add("upload", await uploadFile(own.api, sampleFiles.png, { userId: "ann" }));
    },
    resolve({ kind, whose, pick }, { roomId, userId }) {
      if (whose === "victim") return victim.ids[kind];
      if (whose === "nobody") return kind === "user" ? `nobody-${pick}` : randomUUID();
      const all = choose(known.get(kind), pick) ?? randomUUID();
      if (kind === "room" && userId !== undefined && pick % 10 < 8) {
        const theirs = known.get(kind)?.filter((id) => people.get(id)?.includes(userId));
        return choose(theirs, pick) ?? all;
      }
      if (kind === "user" && userId !== undefined && pick % 10 < 7) return userId;
      if (kind === "message" && roomId !== undefined && pick % 10 < 8) return choose(messages.get(roomId), pick) ?? all;
      return all;
    },
    actorIn: (roomId, pick) =>
      choose(roomId === undefined ? undefined : people.get(roomId), pick) ?? choose(known.get("user"), pick) ?? "ann",
    async sessionOf(userId) {
      for (const id of [userId, "ann", "bo"]) {
        const token = tokens.get(id) ?? (await mint(id));
        if (token !== undefined) return { userId: id, token };
      }
      return { userId, token: "of-a-user-who-is-gone" };
    },
    forgetTokens(userId) {
      if (userId === undefined) tokens.clear();
      else tokens.delete(userId);
    },
  };
};
