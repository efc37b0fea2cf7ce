import { Agent, request } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import type { WireRequest } from "./bind.ts";

/** What came back, byte for byte. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Sends requests over connections that are kept. Disposing closes them. */
export interface Sender extends Disposable {
  /** Throws when there is no answer. */
  send(wire: WireRequest): Promise<WireAnswer>;
}

/** The work for a request may take 60 s at most, and that is for files. */
const answerMsMax = 20_000;

export const createSender = (url: string): Sender => {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const { hostname, port, host } = new URL(url);

  const sendOnce = (wire: WireRequest): Promise<WireAnswer> =>
    new Promise((resolve, reject) => {
      const { method, path, body, isChunked } = wire;
      const length =
        body === undefined
          ? []
          : isChunked
            ? ["transfer-encoding", "chunked"]
            : ["content-length", String(body.length)];
      const headers = ["host", host, ...length, ...wire.headers.flat()];
      const call = request({ hostname, port, method, path, headers, agent, timeout: answerMsMax }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString("utf8"),
          }),
        );
        response.on("error", reject);
      });
      call.on("timeout", () => call.destroy(new Error(`no answer within ${answerMsMax / 1000} s`)));
      call.on("error", (error) => reject(call.reusedSocket ? new KeptConnectionError(error.message) : error));
      call.end(body);
    });

  return {
    async send(wire) {
      try {
        return await sendOnce(wire);
      } catch (error) {
        // The other side may close a connection that is kept in the moment in which it is used again.
        if (!(error instanceof KeptConnectionError)) throw error;
        return await sendOnce(wire);
      }
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
};

class KeptConnectionError extends Error {
  override readonly name = "KeptConnectionError";
}
