import * as z from "zod";
import { examples } from "../examples.ts";
import { limits } from "../limits.ts";
import { HttpUrl, Metadata, Timestamp, UserId, nonEmptyText } from "./common.ts";

/** A tenant app's code, as sent with a user. An unknown code is kept, never refused (contract 3.1). */
export const AppCode = nonEmptyText(limits.appCodeCharsMax).meta({
  description: "Code of the tenant app that push goes through; an unknown code is kept",
});

export const Username = nonEmptyText(limits.usernameCharsMax).meta({
  description: "Name shown to other people",
});

/** A chat user of a tenant. */
export const User = z
  .object({
    id: UserId,
    username: z.string().meta({ description: "Name shown to other people" }),
    appCode: z.string().nullable().meta({ description: "Code of the tenant app that push goes through" }),
    avatarUrl: z.string().nullable(),
    metadata: Metadata.nullable(),
    deactivatedAt: Timestamp.nullable().meta({ description: "Since when the user is locked out; null if it is not" }),
    createdAt: Timestamp,
    updatedAt: Timestamp,
  })
  .meta({ id: "User", description: "A chat user of a tenant", examples: [examples.user] });
export type User = z.infer<typeof User>;

/** Body of `POST /users`. Fields that are left out keep what is stored. */
export const UpsertUserBody = z
  .object({
    id: UserId,
    username: Username,
    appCode: AppCode.nullish(),
    avatarUrl: HttpUrl.nullish(),
    metadata: Metadata.nullish(),
  })
  .meta({ id: "UpsertUserBody", examples: [examples.upsertUserBody] });
export type UpsertUserBody = z.infer<typeof UpsertUserBody>;

/** Body of `PATCH /users/:userId`. */
export const UpdateUserBody = UpsertUserBody.omit({ id: true })
  .extend({ username: Username.optional() })
  .meta({
    id: "UpdateUserBody",
    description: "What to change of a user; what is left out stays, null clears a field",
    examples: [{ username: "Dara Sok" }],
  });
export type UpdateUserBody = z.infer<typeof UpdateUserBody>;
