import { once } from "node:events";
import { request } from "node:http";
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage } from "node:http";

/** What a server answered. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Sends a path as it is written: `fetch` would tidy up dots and slashes first. */
export const rawRequest = (
  url: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): ClientRequest => {
  const { hostname, port } = new URL(url);
  return request({ hostname, port, method, path, headers, agent: false });
};

/** Waits for the whole answer. */
export const answerOf = async (sent: ClientRequest): Promise<RawAnswer> => {
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const body = (await response.setEncoding("utf8").toArray()).join("");
  return { status: response.statusCode ?? 0, headers: response.headers, body };
};

/** Sends a request without a body and waits for the answer. */
export const ask = (
  url: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawAnswer> => answerOf(rawRequest(url, method, path, headers).end());
