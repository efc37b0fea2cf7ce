import { invalidOptions } from "./errors.ts";
import { type OperationId, nameOf } from "./operation.ts";
import { operations } from "./wire.ts";

/** What goes over the wire. */
export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | Blob | undefined;
}

/** The parts of a call's input, as far as it has them. */
export interface RequestParts {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: object;
  readonly body?: object;
}

/** The request of a call. Throws `invalid_options` for an id that cannot stand in a path, and a body that is no JSON. */
export function toRequest(
  apiUrl: string,
  id: OperationId,
  { params = {}, query = {}, body }: RequestParts,
  headers: Readonly<Record<string, string>>,
): HttpRequest {
  const { method, path } = operations[id];
  return {
    method,
    url: `${apiUrl}${fillPath(id, path, params)}${toQuery(query)}`,
    headers: body === undefined ? headers : { ...headers, "content-type": "application/json" },
    body: body === undefined ? undefined : toJson(id, body),
  };
}

/** An empty id, `.` and `..` would make it another path, even percent-encoded. */
function fillPath(id: OperationId, path: string, params: Readonly<Record<string, string>>): string {
  return path.replaceAll(/:(\w+)/g, (_, name: string) => {
    const value: unknown = params[name];
    const encoded = typeof value === "string" ? encode(value) : "";
    if (!["", ".", ".."].includes(encoded)) return encoded;
    throw invalidOptions(`call ${nameOf(id)}`, `${name} must be a text that is not empty, "." or ".."`);
  });
}

/** Percent-encoded; empty for half a surrogate pair, which has no encoding. */
function encode(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return "";
  }
}

function toQuery(query: object): string {
  const entries = (Object.entries(query) as [string, QueryValue][]).flatMap<[string, string]>(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(",") : String(value)]],
  );
  return entries.length === 0 ? "" : `?${new URLSearchParams(entries)}`;
}

type QueryValue = string | number | boolean | string[] | undefined;

function toJson(id: OperationId, body: object): string {
  try {
    return JSON.stringify(body);
  } catch {
    throw invalidOptions(`call ${nameOf(id)}`, "what was given cannot be written as JSON");
  }
}
