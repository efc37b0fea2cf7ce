import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Health } from "./health.ts";

/** What is asked of a gateway that has started. */
export interface Running {
  readonly health: Pick<Health, "isReady">;
  /** Its metrics, in Prometheus' text format. */
  readMetrics(): Promise<string>;
}

export interface AdminServerOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly host: string;
  /** Undefined until the gateway has started. */
  readonly running: () => Running | undefined;
  readonly onError: (error: unknown) => void;
}

/**
 * Answers those who run the gateway, on a port of its own that is not for the world: probes and metrics. It is there before
 * the gateway is, and until the process ends, so that who waits for a database or drains is alive to whoever asks.
 *
 * `/livez` while the event loop turns, whatever else is wrong: to restart a process does not mend a database.
 * `/startupz` once it has started. `/readyz` while it should get traffic, as the public one. `/metrics` for Prometheus.
 */
export interface AdminServer extends AsyncDisposable {
  readonly port: number;
}

export const startAdminServer = async ({ port, host, running, onError }: AdminServerOptions): Promise<AdminServer> => {
  const answers: Readonly<Record<string, () => Promise<Answer>>> = {
    "/livez": async () => ok,
    "/startupz": async () => (running() ? ok : notYet),
    "/readyz": async () => ((await running()?.health.isReady()) === true ? ok : notYet),
    "/metrics": async () => {
      const now = running();
      return now ? { status: 200, type: metricsType, text: await now.readMetrics() } : notYet;
    },
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url?.split("?")[0] ?? "";
    const isReading = request.method === "GET" || request.method === "HEAD";
    const make = isReading && Object.hasOwn(answers, path) ? answers[path] : undefined;
    const { status, type, text } = make ? await make() : nothing;
    response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
    response.end(request.method === "HEAD" ? undefined : text);
  };

  const server = createServer({ requestTimeout: requestMsMax, headersTimeout: requestMsMax }, (request, response) => {
    request.resume();
    answer(request, response).catch((error: unknown) => {
      onError(error);
      response.writeHead(500).end();
    });
  });
  server.maxConnections = connectionsMax;
  server.listen(port, host);
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

const requestMsMax = 10_000;
const connectionsMax = 100;
const plain = "text/plain; charset=utf-8";
const metricsType = "text/plain; version=0.0.4; charset=utf-8";
const ok: Answer = { status: 200, type: plain, text: "ok\n" };
const notYet: Answer = { status: 503, type: plain, text: "not ready\n" };
const nothing: Answer = { status: 404, type: plain, text: "not found\n" };
