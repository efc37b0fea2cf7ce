import { Agent, request } from "node:http";
import type { IncomingMessage } from "node:http";

/** What came over the wire; it has the shape that the caller asked for, or a test fails further on. */
// oxlint-disable-next-line typescript/no-explicit-any -- the checker judges the content, not the compiler
type Wire = any;

export interface Answer {
  readonly status: number;
  readonly body: Wire;
}

/** Calls the REST API as a client on the network does: connections are kept, and break. */
export interface Rest {
  /** `path` is below `/v1`. Rejects with the reason when there is no whole answer in time: then nobody knows. */
  call(method: string, path: string, body?: unknown): Promise<Answer>;
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
  return {
    call: (method, path, body) =>
      new Promise((resolve, reject) => {
        const text = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
        const headers = {
          ...credentials,
          "content-type": "application/json",
          ...(text && { "content-length": text.length }),
        };
        const signal = AbortSignal.timeout(timeoutMs);
        const call = request(`${origin}/v1${path}`, { method, agent, headers, signal }, (response) => {
          readAnswer(response).then(resolve, reject);
        });
        call.on("error", (error) => reject(signal.aborted ? new Error("no answer in time") : error));
        call.end(text);
      }),
    close: () => agent.destroy(),
  };
};

const readAnswer = async (response: IncomingMessage): Promise<Answer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return { status: response.statusCode ?? 0, body: text === "" ? undefined : JSON.parse(text) };
};
