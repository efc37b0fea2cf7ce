import { createHash } from "node:crypto";
import * as z from "zod";
import type { Endpoint } from "../src/endpoint.ts";
import { endpoints } from "../src/endpoints.ts";
import { errors } from "../src/errors.ts";
import { downEvents } from "../src/events/down.ts";
import { upEvents } from "../src/events/up.ts";
import { ErrorBody } from "../src/objects/common.ts";

/**
 * A hash of what travels: methods, paths, credentials, statuses, error codes and the shape of every schema. Prose and
 * examples are no part of it, nor is the order of keys.
 */
export const protocolHash = (): string =>
  createHash("sha256")
    .update(JSON.stringify(sortKeys(wireContract())))
    .digest("hex")
    .slice(0, 16);

const wireContract = () => ({
  endpoints: mapValues<Endpoint, unknown>(endpoints, ({ method, path, auth, statuses, ...endpoint }) => ({
    method,
    path,
    auth,
    statuses,
    errors: endpoint.errors.toSorted(),
    bodyBytesMax: endpoint.bodyBytesMax,
    params: endpoint.params && shapeOf(endpoint.params, "input"),
    query: endpoint.query && shapeOf(endpoint.query, "input"),
    body: endpoint.body && shapeOf(endpoint.body, "input"),
    response: shapeOf(endpoint.response, "output"),
  })),
  up: mapValues(upEvents, ({ payload }) => shapeOf(payload, "input")),
  down: mapValues(downEvents, ({ payload }) => shapeOf(payload, "output")),
  errors: mapValues(errors, ({ status }) => status),
  errorBody: shapeOf(ErrorBody, "output"),
});

const mapValues = <V, R>(record: Readonly<Record<string, V>>, map: (value: V) => R): Record<string, R> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));

const shapeOf = (schema: z.ZodType, io: "input" | "output"): unknown =>
  withoutProse(z.toJSONSchema(schema, { io, unrepresentable: "any" }));

/** A field may be called `description`: below `properties` and `$defs` names are data, not keywords. */
const withoutProse = (value: unknown, isNames = false): unknown => {
  if (Array.isArray(value)) return value.map((item) => withoutProse(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => isNames || (key !== "description" && key !== "examples"))
      .map(([key, inner]) => [key, withoutProse(inner, !isNames && (key === "properties" || key === "$defs"))]),
  );
};

const sortKeys = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  );
};
