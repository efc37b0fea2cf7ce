import { request } from "node:http";
import type { IncomingHttpHeaders } from "node:http";

export interface RawRequest {
  readonly method?: string;
  /** From the origin on, `/v1` and the query included. */
  readonly path: string;
  /** Header lines as they go on the wire: a name may come twice, a value may hold any byte as latin1. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Sends what `fetch` would refuse to send or would tidy up first, on a connection of its own. */
export const rawRequest = (url: string, { method = "GET", path, headers = [], body }: RawRequest): Promise<RawAnswer> =>
  new Promise((resolve, reject) => {
    const { hostname, port, host } = new URL(url);
    const length: readonly (readonly [string, string])[] =
      body === undefined ? [] : [["content-length", String(Buffer.byteLength(body))]];
    const lines = [["host", host], ...length, ...headers].flat();
    const call = request({ hostname, port, method, path, headers: lines, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      response.on("error", reject);
    });
    call.on("error", reject);
    call.end(body);
  });
