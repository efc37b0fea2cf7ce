import { once } from "node:events";
import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it came over the wire. */
export interface RecordedRequest {
  readonly method: string;
  /** Below `/v1`, with its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What is done with one request. */
export type Behaviour = (response: ServerResponse, request: RecordedRequest) => void;

/** A server on loopback that does with each request what it is told to: a gateway that misbehaves. */
export interface ApiDouble extends AsyncDisposable {
  readonly apiUrl: string;
  readonly requests: readonly RecordedRequest[];
  /** What is done with the next requests, one after the other; with those that follow, what is done with the last. */
  plan(...behaviours: Behaviour[]): void;
}

/** Starts it; until it is told otherwise it answers `{}`. */
export async function startApiDouble(): Promise<ApiDouble> {
  const requests: RecordedRequest[] = [];
  let planned: readonly Behaviour[] = [answering(200, {})];
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url = "", headers } = request;
    const recorded = { method, path: url.replace(/^\/v1/, ""), headers, body: Buffer.concat(chunks).toString() };
    requests.push(recorded);
    const [behave = answering(500, {}), ...rest] = planned;
    if (rest.length > 0) planned = rest;
    behave(response, recorded);
  };
  const server = createServer((request, response) => {
    take(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    plan: (...behaviours) => {
      planned = behaviours;
      requests.length = 0;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Answers JSON, or a text as it is. */
export const answering =
  (status: number, body: object | string, headers: Readonly<Record<string, string>> = {}): Behaviour =>
  (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };

/** Refuses as a gateway does. */
export const refusing = (
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
  more: object = {},
): Behaviour =>
  answering(
    status,
    { statusCode: status, code, error: `It is ${code}`, message: "-", requestId: "req_7", ...more },
    headers,
  );

/** Cuts the connection without a word. */
export const cutting: Behaviour = (response) => response.destroy();

/** Begins an answer and cuts it in the middle. */
export const cuttingInTheMiddle: Behaviour = (response) => {
  response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
  response.write('{"id":');
  response.once("drain", () => response.destroy());
  setImmediate(() => response.destroy());
};

/** Never answers. */
export const hanging: Behaviour = () => {};
