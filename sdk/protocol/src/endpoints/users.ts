import * as z from "zod";
import { defineEndpoint } from "../endpoint.ts";
import { examples } from "../examples.ts";
import { limits } from "../limits.ts";
import { Cursor, PageLimit, UserId } from "../objects/common.ts";
import { UpdateUserBody, UpsertUserBody, User } from "../objects/user.ts";

const UserParams = z.object({
  userId: UserId.meta({ description: "`id` of the user", examples: [examples.userId] }),
});

export const upsertUser = defineEndpoint({
  method: "POST",
  path: "/users",
  auth: "apiKey",
  action: "write",
  tag: "Users",
  summary: "Create or update a user",
  description:
    "Idempotent. A user must exist before a session token can be minted for it. Fields that are left out keep what is stored. A deleted user comes back as a new one.",
  body: UpsertUserBody,
  statuses: [201, 200],
  response: User,
  errors: ["api_key_required"],
});

export const listUsers = defineEndpoint({
  method: "GET",
  path: "/users",
  auth: "apiKey",
  action: "read",
  tag: "Users",
  summary: "List users by id",
  query: z.object({ limit: PageLimit(limits.pageDefault), cursor: Cursor.optional() }),
  statuses: [200],
  response: z
    .object({
      users: z.array(User),
      nextCursor: z.string().nullable().meta({ description: "`cursor` of the next page; null at the end" }),
    })
    .meta({ id: "UserPage", examples: [{ users: [examples.user], nextCursor: null }] }),
  errors: ["api_key_required", "invalid_cursor"],
});

export const getUser = defineEndpoint({
  method: "GET",
  path: "/users/:userId",
  auth: "apiKey",
  action: "read",
  tag: "Users",
  summary: "Read a user",
  params: UserParams,
  statuses: [200],
  response: User,
  errors: ["api_key_required", "user_not_found"],
});

export const updateUser = defineEndpoint({
  method: "PATCH",
  path: "/users/:userId",
  auth: "apiKey",
  action: "write",
  tag: "Users",
  summary: "Change some fields of a user",
  description: "Fields that are left out keep what is stored; null clears a field.",
  params: UserParams,
  body: UpdateUserBody,
  statuses: [200],
  response: User,
  errors: ["api_key_required", "user_not_found"],
});

export const deactivateUser = defineEndpoint({
  method: "POST",
  path: "/users/:userId/deactivate",
  auth: "apiKey",
  action: "write",
  tag: "Users",
  summary: "Lock a user out",
  description:
    "Its sessions are refused and its sockets cut on every gateway within seconds; its messages and memberships stay. Repeating it changes nothing, and neither does an upsert let the user in again.",
  params: UserParams,
  statuses: [200],
  response: User,
  errors: ["api_key_required", "user_not_found"],
});

export const reactivateUser = defineEndpoint({
  method: "POST",
  path: "/users/:userId/reactivate",
  auth: "apiKey",
  action: "write",
  tag: "Users",
  summary: "Let a deactivated user in again",
  description: "With new session tokens: those from before stay refused.",
  params: UserParams,
  statuses: [200],
  response: User,
  errors: ["api_key_required", "user_not_found"],
});

export const deleteUser = defineEndpoint({
  method: "DELETE",
  path: "/users/:userId",
  auth: "apiKey",
  action: "write",
  tag: "Users",
  summary: "Delete a user",
  description:
    "Its name, avatar, metadata, devices, sessions and memberships are gone; a direct room stays for the other one. Its messages stay for the others, by an author without a name, unless `deleteMessages` is `true`: then they are deleted as by their author; copies that others forwarded are theirs. A user with very much of both needs several calls: repeat while the answer says `done: false`. Repeating it later, with either choice, is fine. Answers that are kept for an `Idempotency-Key` of your own go within a day.",
  params: UserParams,
  query: z.object({
    deleteMessages: z
      .enum(["true", "false"])
      .default("false")
      .meta({ description: "Whether the user's messages are deleted too" }),
  }),
  statuses: [200],
  response: z
    .object({
      ok: z.literal(true),
      userId: UserId,
      done: z.boolean().meta({ description: "False: call again, there is more to delete" }),
    })
    .meta({ id: "DeletedUser", examples: [{ ok: true, userId: examples.userId, done: true }] }),
  errors: ["api_key_required", "user_not_found"],
});
