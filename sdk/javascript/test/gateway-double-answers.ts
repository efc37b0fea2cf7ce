import { toMessage } from "./test-message.ts";
import type { Message } from "../src/wire.ts";

/** What the double knows when it answers. */
export interface AnswerContext {
  readonly method: string;
  /** Without `/v1` and the query. */
  readonly path: string;
  readonly body: unknown;
  readonly userId: string;
  readonly origin: string;
  readonly messages: readonly Message[];
  readonly roomOf: (roomId?: string) => object;
}

/**
 * What the double answers to everything but lists of rooms, sending and reading messages: 200 with a body of the
 * contract's shape, and nothing is kept. Undefined for a call that the contract does not have.
 */
export function answerOf(context: AnswerContext): object | undefined {
  const { method, path } = context;
  for (const [pattern, answer] of routes) {
    const match = pattern.exec(`${method} ${path}`);
    if (match !== null) return answer(context, ...match.slice(1).map(decodeURIComponent));
  }
  return undefined;
}

type Route = readonly [RegExp, (context: AnswerContext, first?: string, second?: string) => object];

const at = "2026-11-22T09:00:00.000Z";
const room = String.raw`\/chat\/rooms\/([^/]+)`;
const message = String.raw`${room}\/messages\/([^/]+)`;
const on = (pattern: string): RegExp => new RegExp(`^${pattern}$`);

const find = ({ messages, userId }: AnswerContext, roomId = "", messageId = ""): Message => {
  const known = messages.find(({ id }) => id === messageId);
  return known ?? { ...toMessage(1, roomId, userId), id: messageId };
};

const deviceOf = (body: unknown): object => ({ id: "device-1", platform: null, createdAt: at, ...(body as object) });
const uploadId = "upload-1";

const routes: readonly Route[] = [
  [on(`GET ${message}`), find],
  [
    on(`PATCH ${message}`),
    (context, roomId, id) => ({ ...find(context, roomId, id), ...(context.body as object), editedAt: at }),
  ],
  [on(`DELETE ${message}`), (context, roomId, id) => ({ ...find(context, roomId, id), parts: [], deletedAt: at })],
  [
    on(`POST ${message}\\/reactions`),
    (context, roomId, id) => ({
      ...find(context, roomId, id),
      reactions: [{ userId: context.userId, ...(context.body as object) }],
    }),
  ],
  [on(`POST ${message}\\/pin`), (context, roomId, id) => ({ ...find(context, roomId, id), pinnedAt: at })],
  [on(`DELETE ${message}\\/pin`), (context, roomId, id) => ({ ...find(context, roomId, id), pinnedAt: null })],
  [
    on(`POST ${message}\\/forward`),
    (context, roomId, id) => {
      const { targetRoomIds } = context.body as { readonly targetRoomIds: readonly string[] };
      const source = find(context, roomId, id);
      return { messages: targetRoomIds.map((target) => ({ ...source, roomId: target, forwardedFromId: id })) };
    },
  ],
  [on(`GET ${room}\\/pinned-messages`), ({ messages }) => ({ messages })],
  [on(`GET ${room}`), ({ roomOf }, roomId) => roomOf(roomId)],
  [on(`POST ${room}\\/participants`), ({ roomOf }, roomId) => roomOf(roomId)],
  [on(`PATCH ${room}\\/participants\\/([^/]+)`), ({ roomOf }, roomId) => roomOf(roomId)],
  [on(`DELETE ${room}\\/participants\\/([^/]+)`), ({ roomOf }, roomId) => roomOf(roomId)],
  [on(`POST ${room}\\/clear-history`), ({ userId }, roomId) => ({ ok: true, roomId, userId, clearedAt: at })],
  [
    on(`DELETE ${room}\\/for-me`),
    ({ userId }, roomId) => ({ ok: true, roomId, userId, action: "left", left: true, hidden: false, clearedAt: at }),
  ],
  [on(`POST ${room}\\/read`), ({ body }, roomId) => ({ roomId, ...(body as object), unreadCount: 0 })],
  [on(`POST ${room}\\/delivery`), ({ body }, roomId) => ({ roomId, ...(body as object) })],
  [on("GET \\/chat\\/unread"), ({ userId }) => ({ userId, unreadCount: 0, unreadRooms: 0 })],
  [on("POST \\/chat\\/unread"), () => ({ rooms: [] })],
  [
    on("POST \\/chat\\/uploads\\/presign"),
    ({ origin }) => ({ uploadId, uploadUrl: `${origin}/store/${uploadId}`, method: "PUT", uploadUrlExpiresAt: at }),
  ],
  [
    on("POST \\/chat\\/uploads\\/([^/]+)\\/complete"),
    (_, id) => ({ uploadId: id, status: "completed", sizeBytes: 6, mediaType: "text/plain", filename: "menu.txt" }),
  ],
  [on("DELETE \\/chat\\/uploads\\/([^/]+)"), () => ({ ok: true })],
  [
    on("POST \\/chat\\/uploads\\/access"),
    ({ body, origin }) => {
      const { uploadIds } = body as { readonly uploadIds: readonly string[] };
      const accessUrlExpiresAt = new Date(Date.now() + 3_600_000).toISOString();
      return {
        urls: uploadIds.map((id) => ({ uploadId: id, accessUrl: `${origin}/files/${id}`, accessUrlExpiresAt })),
      };
    },
  ],
  [on("GET \\/tenant\\/storage"), () => ({ bytesUsed: 6, fileCount: 1, pendingBytes: 0, quotaBytes: 100 })],
  [
    on("GET \\/rate-limits"),
    () => ({
      limits: [{ action: "read", scope: "user", limit: 200, windowSeconds: 10, remaining: 199, resetSeconds: 1 }],
    }),
  ],
  [on("POST \\/users\\/me\\/device-tokens"), ({ body }) => deviceOf(body)],
  [on("GET \\/users\\/me\\/device-tokens"), () => ({ devices: [] })],
  [on("DELETE \\/users\\/me\\/device-tokens\\/([^/]+)"), () => ({ ok: true })],
];
