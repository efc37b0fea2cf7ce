import type * as z from "zod";
import type { Components } from "./components.ts";
import type { JsonSchema } from "./json-schema.ts";

/** A parameter as OpenAPI writes it. */
export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly description?: string;
  readonly schema: JsonSchema;
}

/**
 * The parameters of an endpoint. Every parameter is text on the wire and some become numbers, with a default: only
 * asking the schema shows it, so this parses probes.
 */
export const toParameters = (
  location: Parameter["in"],
  object: z.ZodObject | undefined,
  components: Components,
): readonly Parameter[] =>
  Object.entries(object?.shape ?? {}).map(([name, field]) =>
    toParameter(location, name, field as z.ZodType, components),
  );

const toParameter = (location: Parameter["in"], name: string, field: z.ZodType, components: Components): Parameter => {
  const { description, ...schema } = components.schema(field, "input");
  const absent = field.safeParse(undefined);
  const isNumber = typeof field.safeParse("1").data === "number";
  return {
    name,
    in: location,
    required: !absent.success,
    ...(description === undefined ? {} : { description }),
    schema: {
      ...(isNumber ? { type: "integer", minimum: field.safeParse("0").success ? 0 : 1 } : schema),
      ...(absent.data === undefined ? {} : { default: absent.data }),
    },
  };
};
