import * as z from "zod";
import { defineEndpoint } from "../endpoint.ts";
import { examples } from "../examples.ts";
import { limits } from "../limits.ts";
import { Ok, Timestamp, UserId } from "../objects/common.ts";

export const createToken = defineEndpoint({
  method: "POST",
  path: "/auth/token",
  auth: "apiKey",
  action: "create-token",
  tag: "Sessions",
  summary: "Mint a session token for a user",
  description:
    "Clients renew a session five minutes before it ends, so an `expiresIn` of 300 or less makes them renew in a loop: use 600 or more for people. An `Idempotency-Key` has no effect here: tokens are not kept.",
  body: z
    .object({
      userId: UserId,
      expiresIn: z
        .int()
        .min(limits.sessionSecondsMin)
        .max(limits.sessionSecondsMax)
        .optional()
        .meta({ description: `Seconds; ${limits.sessionSecondsDefault} when left out` }),
    })
    .meta({ id: "CreateTokenBody", examples: [examples.createTokenBody] }),
  statuses: [200],
  response: z
    .object({
      token: z
        .string()
        .meta({ description: "For `Authorization: Bearer` and for the Socket.IO handshake; opaque to clients" }),
      expiresAt: Timestamp,
      userId: UserId,
    })
    .meta({ id: "SessionToken", examples: [examples.sessionToken] }),
  errors: ["api_key_required", "user_not_found"],
});

export const revokeSessions = defineEndpoint({
  method: "POST",
  path: "/auth/revoke-sessions",
  auth: "apiKey",
  action: "write",
  tag: "Sessions",
  summary: "End sessions before their time",
  description:
    "Refuses the session tokens of a user, or of all users, that were minted before a moment, and cuts their sockets on every gateway within seconds. Tokens minted later work.",
  body: z
    .object({
      userId: UserId.nullish().meta({ description: "Whose sessions; those of all users when left out" }),
      issuedBefore: Timestamp.nullish().meta({
        description: "Minted before; now when left out, and never later than that",
      }),
    })
    .meta({ id: "RevokeSessionsBody", examples: [{ userId: examples.userId }] }),
  statuses: [200],
  response: Ok,
  errors: ["api_key_required", "user_not_found"],
});
