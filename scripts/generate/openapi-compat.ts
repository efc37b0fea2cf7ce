import type { JsonSchema } from "./json-schema.ts";
import type { Parameter } from "./parameters.ts";
import { type Documents, compareSchemas } from "./schema-compat.ts";

/** The part of an OpenAPI document that a client depends on. */
export interface OpenapiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: {
    readonly examples: Readonly<Record<string, { readonly value: { readonly statusCode: number } }>>;
  };
}

/**
 * What in a new API breaks a client of the old one, one sentence each; empty if the new one is a superset. New
 * endpoints, answer fields, optional request fields and statuses are welcome; what is there keeps its name, its type
 * and its meaning.
 */
export const findBreakingChanges = (before: OpenapiDocument, after: OpenapiDocument): readonly string[] => [
  ...operationsOf(before).flatMap(([name, operation]) => {
    const counterpart = operationsOf(after).find(([other]) => other === name)?.[1];
    if (counterpart === undefined) return [`${name}: removed`];
    return compareOperations(name, operation, counterpart, { before, after });
  }),
  ...compareErrors(before, after),
];

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
  readonly security?: readonly object[];
}

type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>;

const methods = ["get", "post", "put", "patch", "delete"];

const operationsOf = ({ paths }: OpenapiDocument): readonly (readonly [string, Operation])[] =>
  Object.entries(paths).flatMap(([path, item]) =>
    methods
      .filter((method) => item[method] !== undefined)
      .map((method) => [`${method.toUpperCase()} ${path}`, item[method] as Operation] as const),
  );

const compareOperations = (
  name: string,
  before: Operation,
  after: Operation,
  documents: Documents,
): readonly string[] => [
  ...compareSecurity(name, before, after),
  ...compareParameters(name, before, after, documents),
  ...compareBodies(name, before, after, documents),
  ...compareAnswers(name, before, after, documents),
];

const compareSecurity = (name: string, before: Operation, after: Operation): readonly string[] => {
  const accepted = (after.security ?? []).map((scheme) => JSON.stringify(scheme));
  if (accepted.length === 0) return [];
  if ((before.security ?? []).length === 0) return [`${name}: now needs a credential`];
  return (before.security ?? [])
    .map((scheme) => JSON.stringify(scheme))
    .filter((scheme) => !accepted.includes(scheme))
    .map((scheme) => `${name}: no longer accepts ${scheme}`);
};

const compareParameters = (
  name: string,
  before: Operation,
  after: Operation,
  documents: Documents,
): readonly string[] => {
  const [old, now] = [before.parameters ?? [], after.parameters ?? []];
  const isSame = (a: Parameter) => (b: Parameter) => a.name === b.name && a.in === b.in;
  return [
    ...old.flatMap((parameter) => {
      const counterpart = now.find(isSame(parameter));
      const path = `${name} ${parameter.in} ${parameter.name}`;
      if (counterpart === undefined) return [`${path}: removed`];
      return compareSchemas(parameter.schema, counterpart.schema, "request", path, documents);
    }),
    ...now
      .filter((parameter) => parameter.required && !old.find(isSame(parameter))?.required)
      .map((parameter) => `${name} ${parameter.in} ${parameter.name}: is now required`),
  ];
};

const json = "application/json";

const compareBodies = (name: string, before: Operation, after: Operation, documents: Documents): readonly string[] => {
  const path = `${name} body`;
  const [old, now] = [before.requestBody, after.requestBody];
  const problems = now?.required && !old?.required ? [`${path}: is now required`] : [];
  const schema = old?.content[json]?.schema;
  if (schema === undefined) return problems;
  const counterpart = now?.content[json]?.schema;
  if (counterpart === undefined) return [`${path}: removed`];
  return [...problems, ...compareSchemas(schema, counterpart, "request", path, documents)];
};

const compareAnswers = (name: string, before: Operation, after: Operation, documents: Documents): readonly string[] =>
  Object.entries(before.responses)
    .filter(([status]) => status.startsWith("2"))
    .flatMap(([status, { content }]) => {
      const path = `${name} answer ${status}`;
      const [old, now] = [content?.[json]?.schema, after.responses[status]?.content?.[json]?.schema];
      if (after.responses[status] === undefined || (old !== undefined && now === undefined))
        return [`${path}: removed`];
      return old === undefined || now === undefined ? [] : compareSchemas(old, now, "answer", path, documents);
    });

/** Clients decide by error codes, so a code stays, with its status. */
const compareErrors = (before: OpenapiDocument, after: OpenapiDocument): readonly string[] =>
  Object.entries(before.components.examples).flatMap(([code, { value }]) => {
    const status = after.components.examples[code]?.value.statusCode;
    if (status === undefined) return [`error ${code}: removed`];
    return status === value.statusCode ? [] : [`error ${code}: status was ${value.statusCode} and is ${status}`];
  });
