import fc from "fast-check";
import type { Break } from "./breaks.ts";
import { breaks } from "./breaks.ts";
import type { TextBreakName } from "./body-texts.ts";
import { textBreakNames } from "./body-texts.ts";
import type { Api, Operation } from "./operations.ts";
import { kindOf, referenceTo } from "./reference.ts";
import type { Values } from "./values.ts";
import { createValues } from "./values.ts";

/** A request that is not bound to a run yet: ids in it are references. */
export interface PlannedRequest {
  readonly operation: Operation;
  /** Instead of the operation's. */
  readonly method: string | undefined;
  readonly caller: Caller;
  readonly path: Readonly<Record<string, PathText>>;
  readonly query: readonly (readonly [name: string, value: unknown])[];
  /** Put behind the query as it is. */
  readonly queryTail: string;
  readonly body:
    | { readonly value: unknown; readonly breaks: readonly Break[]; readonly text?: TextBreakName }
    | undefined;
  readonly contentType: readonly string[];
  readonly idempotencyKeys: readonly string[];
  /** Without a length beforehand. */
  readonly isChunked: boolean;
  /** How often it is sent, all at once. */
  readonly times: number;
}

/** A path parameter: a value that is percent-encoded, or text that is sent as it is. */
export type PathText = { readonly value: unknown } | { readonly raw: string };

/**
 * Who calls. `right` is whoever the operation is for; `stranger` is another tenant's backend or user, with the same user
 * ids as ours. All those behind `stranger` must be refused.
 */
export type Caller = (typeof callers)[number];

const callers = [
  ...(["right", "backend", "user", "strangerBackend", "strangerUser"] as const),
  ...([
    "nobody",
    "wrongKey",
    "wrongToken",
    "keyAsToken",
    "tokenAsKey",
    "keyInQuery",
    "keyAndToken",
    "twoKeys",
    "twoTokens",
  ] as const),
] as const;

/** Callers whom nothing may be let do. */
export const isRefused = (caller: Caller): boolean => callers.indexOf(caller) > callers.indexOf("strangerUser");

/** Requests for an API, every operation about as often; most of them are good, and most others bad in one way. */
export const createRequests = (api: Api): fc.Arbitrary<PlannedRequest> => {
  const values = createValues(api.schemas);
  return fc.oneof(
    ...api.operations.map((operation) => ({
      weight: operation.callers.length === 0 ? 1 : 20,
      arbitrary: requestsOf(operation, values),
    })),
  );
};

const requestsOf = (operation: Operation, values: Values): fc.Arbitrary<PlannedRequest> =>
  fc.record({
    operation: fc.constant(operation),
    method: mostly<string | undefined>(
      undefined,
      fc.constantFrom("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"),
      60,
    ),
    caller: mostly<Caller>("right", fc.constantFrom(...callers), 6),
    path: fc.record(Object.fromEntries(operation.pathParams.map((param) => [param.name, pathText(param, values)]))),
    query: queryOf(operation, values),
    queryTail: mostly("", fc.constantFrom(...queryTails), 30),
    body: operation.body ? bodyOf(values(operation.body)) : mostly(undefined, bodyOf(fc.constant({})), 10),
    contentType: mostly<readonly string[]>(["application/json"], fc.constantFrom(...contentTypes), 25),
    idempotencyKeys: operation.takesIdempotencyKey
      ? mostly<readonly string[]>(
          [],
          fc.oneof(
            fc.nat(30).map((n) => [`key-${n}`]),
            fc.constantFrom(...oddKeys),
          ),
          6,
        )
      : mostly<readonly string[]>([], fc.constant(["key-1"]), 40),
    isChunked: mostly(false, fc.constant(true), 20),
    times: mostly(1, fc.integer({ min: 2, max: 4 }), 15),
  });

/** The usual thing, and once in so many times another. */
const mostly = <T>(usual: T, other: fc.Arbitrary<T>, inverse: number): fc.Arbitrary<T> =>
  fc.oneof({ weight: inverse - 1, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });

const pathText = ({ name, schema }: Operation["pathParams"][number], values: Values): fc.Arbitrary<PathText> => {
  const kind = kindOf(name);
  const good = kind === undefined ? values(schema, name) : referenceTo(kind);
  return fc.oneof(
    { weight: 20, arbitrary: good.map((value) => ({ value })) },
    { weight: 1, arbitrary: values(schema, name).map((value) => ({ value })) },
    { weight: 1, arbitrary: fc.constantFrom(...oddPaths).map((raw) => ({ raw })) },
  );
};

const oddPaths = [
  ...[
    "",
    ".",
    "..",
    "%2e%2e",
    "%2E%2E%2f%2e%2e",
    "a/b",
    "a%2fb",
    "a%2Fb",
    "a%5cb",
    "%00",
    "a%00b",
    "%",
    "%zz",
    "%e0%80",
    "%ff",
  ],
  ...[
    "%ed%a0%80",
    "%c0%ae",
    "%20",
    "%09",
    ";x=1",
    "a;b",
    "me",
    "*",
    "**",
    ":userId",
    "{userId}",
    "__proto__",
    "constructor",
  ],
  ...[
    "'%20or%201=1%20--",
    "%25",
    "%252e%252e",
    "null",
    "undefined",
    "0",
    "-1",
    "%F0%9F%99%82",
    "+",
    "a+b",
    "~",
    "$",
    "a&b=c",
  ],
  ...["x".repeat(255), "x".repeat(256), "x".repeat(4095), "x".repeat(4096), "x".repeat(4097), "%41".repeat(1400)],
  ...["0b9f6a3e6a0e4d0a9a5e1f4f2f6a1c11", "%7b0b9f6a3e-6a0e-4d0a-9a5e-1f4f2f6a1c11%7d"],
];

const queryOf = ({ queryParams }: Operation, values: Values): fc.Arbitrary<PlannedRequest["query"]> => {
  const pairs = queryParams.map(({ name, schema }) => {
    const value = fc.oneof(
      { weight: 8, arbitrary: values(schema, name) },
      {
        weight: 1,
        arbitrary: fc.constantFrom<unknown>("", "0", "-1", "1.5", "1e3", "x".repeat(2000), "\ud800", "null", " "),
      },
    );
    const pair = value.map((one): readonly [string, unknown][] => [[name, one]]);
    return fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: pair });
  });
  return fc.tuple(...pairs).map((chosen) => chosen.flat());
};

const queryTails = [
  ...["limit=1&limit=2", "limit[]=1", "limit[gte]=1", "userId[]=a", "viewerId[$ne]=x", "__proto__=1", "constructor=1"],
  ...["%00=1", "a=%00", "%zz=%zz", "a=%ff", "=", "&&&", "?", "a=b?c=d", `x=${"y".repeat(4000)}`, "unknown=1"],
  ...["apiKey=x", "token=x", "deleteMessages=TRUE", "cursor=e30", "limit=%D9%A1", "tenantId=b", "viewerId=a%E2%80%AEb"],
];

const bodyOf = (value: fc.Arbitrary<unknown>): fc.Arbitrary<PlannedRequest["body"]> =>
  fc.oneof(
    { weight: 15, arbitrary: fc.record({ value, breaks }) },
    { weight: 1, arbitrary: fc.record({ value, breaks: fc.constant([]), text: textBreakNames }) },
  );

const contentTypes: readonly (readonly string[])[] = [
  ["application/json; charset=utf-8"],
  ["Application/JSON"],
  ["application/json; charset=utf-16"],
  ["application/json; charset=iso-8859-1"],
  ["application/jsonx"],
  ["application/merge-patch+json"],
  ["text/plain"],
  ["application/x-www-form-urlencoded"],
  ["multipart/form-data; boundary=x"],
  ["*/*"],
  [";"],
  [""],
  ["\u00ff"],
  ["x".repeat(3000)],
  ["application/json", "text/plain"],
  [],
];

const oddKeys: readonly (readonly string[])[] = [
  [""],
  [" "],
  ["a b"],
  ["\u00e9"],
  ["x".repeat(255)],
  ["x".repeat(256)],
  ["key-1", "key-2"],
  ["'; select 1 --"],
];
