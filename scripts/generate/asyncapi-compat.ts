import type { JsonSchema } from "./json-schema.ts";
import { compareSchemas } from "./schema-compat.ts";

/** The part of an AsyncAPI document that a client depends on. */
export interface AsyncapiDocument {
  readonly components: {
    readonly messages: Readonly<Record<string, { readonly payload: JsonSchema }>>;
  };
}

/**
 * What in new events breaks a client of the old ones, one sentence each; empty if they are a superset. The name of a
 * message tells its direction: `receive-` is what clients send, `send-` is what they get.
 */
export const findBreakingEvents = (before: AsyncapiDocument, after: AsyncapiDocument): readonly string[] =>
  Object.entries(before.components.messages).flatMap(([name, { payload }]) => {
    const counterpart = after.components.messages[name]?.payload;
    if (counterpart === undefined) return [`event ${name}: removed`];
    const reader = name.startsWith("receive-") ? "request" : "answer";
    return compareSchemas(payload, counterpart, reader, `event ${name}`, { before, after });
  });
