import { defineEndpoint } from "../endpoint.ts";
import { UpsertUserBody, User } from "../objects/user.ts";

export const upsertUser = defineEndpoint({
  method: "POST",
  path: "/users",
  auth: "apiKey",
  tag: "Users",
  summary: "Create or update a user",
  description:
    "Idempotent. A user must exist before a session token can be minted for it. Fields that are left out keep what is stored.",
  body: UpsertUserBody,
  statuses: [201, 200],
  response: User,
  errors: ["api_key_required"],
});
