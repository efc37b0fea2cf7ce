import type * as z from "zod";
import type { Endpoint } from "../src/endpoint.ts";
import { endpoints } from "../src/endpoints.ts";
import { downEvents } from "../src/events/down.ts";
import { upEvents } from "../src/events/up.ts";
import { ErrorBody } from "../src/objects/common.ts";

/** A schema of the contract and where it stands: `createRoom.body.participants[]`. */
export type PlacedSchema = readonly [place: string, schema: z.ZodType];

/** Every schema that an endpoint, an event or an error names itself. */
export const rootSchemas = (): readonly PlacedSchema[] => [
  ...Object.entries<Endpoint>(endpoints).flatMap(([id, endpoint]) =>
    (["params", "query", "body", "response"] as const).flatMap((part): readonly PlacedSchema[] => {
      const schema = endpoint[part];
      return schema === undefined ? [] : [[`${id}.${part}`, schema]];
    }),
  ),
  ...Object.entries(upEvents).map(([name, { payload }]): PlacedSchema => [`up ${name}`, payload]),
  ...Object.entries(downEvents).map(([name, { payload }]): PlacedSchema => [`down ${name}`, payload]),
  ["ErrorBody", ErrorBody],
];

/** A schema and everything inside it. Ends at schemas that are made while parsing: the contract has one, any JSON. */
export const schemasInside = ([place, schema]: PlacedSchema): readonly PlacedSchema[] => [
  [place, schema],
  ...childrenOf(schema).flatMap(([key, child]) => schemasInside([`${place}${key}`, child])),
];

/** What Zod keeps of a schema's parts, whatever its kind. */
interface Parts {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly element?: z.ZodType;
  readonly innerType?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly in?: z.ZodType;
  readonly out?: z.ZodType;
}

const childrenOf = (schema: z.ZodType): readonly PlacedSchema[] => {
  const parts = schema.def as unknown as Parts;
  const children: readonly (readonly [string, z.ZodType | undefined])[] = [
    ...Object.entries(parts.shape ?? {}).map(([name, field]) => [`.${name}`, field] as const),
    ...(parts.options ?? []).map((option, index) => [`|${index}`, option] as const),
    ["[]", parts.element],
    ["", parts.innerType],
    [".*", parts.valueType],
    ["", parts.in],
    ["", parts.out],
  ];
  return children.filter((child): child is PlacedSchema => child[1] !== undefined);
};
