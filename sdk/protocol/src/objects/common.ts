import * as z from "zod";
import { examples } from "../examples.ts";
import { limits } from "../limits.ts";

/** True if Postgres can store the text and JSON can carry it: no NUL, no lone surrogate. */
export const isStorableText = (text: string): boolean => !text.includes("\u0000") && text.isWellFormed();

/** Text of bounded length that can be stored unchanged. */
export const text = (charsMax: number) =>
  z.string().max(charsMax).refine(isStorableText, "must not contain NUL or lone surrogates");

/** Text that is not empty. */
export const nonEmptyText = (charsMax: number) => text(charsMax).min(1);

/** The integrator's own id of a user. */
export const UserId = nonEmptyText(limits.userIdCharsMax).meta({
  id: "UserId",
  description: "The integrator's own id of the user",
  examples: [examples.userId],
});

/** ISO-8601 UTC with milliseconds. */
export const Timestamp = z.iso.datetime({ precision: 3 }).meta({
  id: "Timestamp",
  description: "ISO-8601 UTC with milliseconds",
  examples: [examples.timestamp],
});

/** A free JSON object of the integrator, bounded in bytes. */
export const Metadata = z
  .record(z.string(), z.json())
  .refine((value) => jsonBytes(value) <= limits.metadataBytesMax, `must be at most ${limits.metadataBytesMax} bytes`)
  .meta({
    id: "Metadata",
    description: `A JSON object of the integrator, at most ${limits.metadataBytesMax / 1024} KiB as JSON, returned unchanged`,
    examples: [examples.metadata],
  });

const encoder = new TextEncoder();
const jsonBytes = (value: unknown): number => encoder.encode(JSON.stringify(value)).length;

/** An http(s) URL. */
export const HttpUrl = text(limits.urlCharsMax)
  .refine((value) => /^https?:\/\//i.test(value) && URL.canParse(value), "must be an http or https URL")
  .meta({ id: "HttpUrl", description: "An http or https URL", examples: [examples.httpUrl] });

/** What a call answers that has nothing else to say. */
export const Ok = z
  .object({ ok: z.literal(true) })
  .meta({ id: "Ok", description: "What a call answers that has nothing else to say", examples: [{ ok: true }] });

/** Body of every answer that is not 2xx. */
export const ErrorBody = z
  .object({
    statusCode: z.int().meta({ description: "The HTTP status" }),
    code: z.string().meta({ description: "Stable machine code, see the error reference" }),
    error: z.string().meta({ description: "Text for a person" }),
    message: z.string().meta({ description: "The same text as `error`" }),
    requestId: z.string().meta({ description: "Quote it when you ask for help" }),
    details: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .meta({
        description:
          "Which fields do not fit, for `invalid_request`; which the Tenant resource sets, for `managed_by_kubernetes`",
      }),
  })
  .meta({ id: "ErrorBody", description: "Body of every answer that is not 2xx", examples: [examples.errorBody] });
export type ErrorBody = z.infer<typeof ErrorBody>;

/** `limit` in a query: a whole number of 1 or more; above the cap it is lowered, not refused. */
export const PageLimit = (fallback: number) =>
  z
    .string()
    .regex(/^[0-9]{1,9}$/, "must be a whole number")
    .transform(Number)
    .refine((n) => n >= 1, "must be at least 1")
    .transform((n) => Math.min(n, limits.pageMax))
    .default(fallback)
    .meta({ description: `Items in the page; more than ${limits.pageMax} is lowered to ${limits.pageMax}` });

/** An opaque cursor as given by `nextCursor`. */
export const Cursor = nonEmptyText(limits.cursorCharsMax).meta({
  description: "`nextCursor` of the page before; left out for the first page",
  examples: [examples.cursor],
});
