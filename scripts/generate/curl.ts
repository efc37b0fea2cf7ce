import { exampleOf } from "./example.ts";
import type { DocumentedEndpoint, Reference } from "./reference.ts";

/**
 * A call of an endpoint that works when pasted into a shell with `$API_URL` (it ends in `/v1`) and `$API_KEY` or `$TOKEN`
 * set. Ids are those of the examples.
 */
export const curlExample = (documented: DocumentedEndpoint, { components }: Reference): string => {
  const { endpoint, path, query, body } = documented;
  const value = (parameter: (typeof path)[number]): string =>
    encodeURIComponent(String(exampleOf(parameter.schema, components, `${documented.id}.${parameter.name}`)));
  const url = path.reduce(
    (address, parameter) => address.replace(`:${parameter.name}`, value(parameter)),
    endpoint.path,
  );
  const search = query.filter(({ required }) => required).map((parameter) => `${parameter.name}=${value(parameter)}`);
  const header = endpoint.auth === "apiKey" ? '"x-api-key: $API_KEY"' : '"Authorization: Bearer $TOKEN"';
  return [
    `curl ${endpoint.method === "GET" ? "" : `-X ${endpoint.method} `}"$API_URL${[url, ...(search.length > 0 ? [search.join("&")] : [])].join("?")}"`,
    `-H ${header}`,
    ...(body === undefined
      ? []
      : [
          `-H "Content-Type: application/json"`,
          `-d ${shellQuote(JSON.stringify(exampleOf(body, components, `${documented.id}.body`)))}`,
        ]),
  ].join(" \\\n  ");
};

const shellQuote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
