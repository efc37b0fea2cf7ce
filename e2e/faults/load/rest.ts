import { Agent, request } from "node:http";
import type { IncomingMessage } from "node:http";

/** What came over the wire; it has the shape that the caller asked for, or a test fails further on. */
// oxlint-disable-next-line typescript/no-explicit-any -- the checker judges the content, not the compiler
type Wire = any;

export interface Answer {
  readonly status: number;
  readonly body: Wire;
}

/**
 * Calls the REST API as a client on the network does: connections are kept, and break. A kept connection that turns out to
 * be closed when the next request is written makes way for a new one, as in browsers.
 */
export interface Rest {
  /** `path` is below `/v1`. Rejects with the reason when there is no whole answer in time: then nobody knows. */
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  /** How often a kept connection turned out to be closed. */
  readonly staleConnections: number;
  close(): void;
}

export interface RestOptions {
  readonly origin: string;
  readonly credentials: Readonly<Record<string, string>>;
  /** Connections at most. */
  readonly connectionsMax: number;
  readonly timeoutMs?: number;
}

export const createRest = ({ origin, credentials, connectionsMax, timeoutMs = 12_000 }: RestOptions): Rest => {
  const agent = new Agent({ keepAlive: true, maxSockets: connectionsMax });
  let staleConnections = 0;

  const call = (method: string, path: string, text: Buffer | undefined, signal: AbortSignal): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const headers = {
        ...credentials,
        "content-type": "application/json",
        ...(text && { "content-length": text.length }),
      };
      const sent = request(`${origin}/v1${path}`, { method, agent, headers, signal }, (response) => {
        readAnswer(response).then(resolve, reject);
      });
      sent.on("error", (error: NodeJS.ErrnoException) => {
        if (signal.aborted) return reject(new Error("no answer in time"));
        if (!sent.reusedSocket || error.code !== "ECONNRESET") return reject(error);
        staleConnections++;
        resolve(call(method, path, text, signal));
      });
      sent.end(text);
    });

  return {
    call(method, path, body) {
      const text = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
      return call(method, path, text, AbortSignal.timeout(timeoutMs));
    },
    get staleConnections() {
      return staleConnections;
    },
    close: () => agent.destroy(),
  };
};

const readAnswer = async (response: IncomingMessage): Promise<Answer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return { status: response.statusCode ?? 0, body: text === "" ? undefined : JSON.parse(text) };
};
