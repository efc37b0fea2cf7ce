import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { openTcpSwitch } from "../tcp-switch.ts";
import { createAuthority } from "./certificates.ts";
import type { RequestInfo } from "./request-info.ts";
import { isWrite, readRequestInfo } from "./request-info.ts";
import type { KubeAddress } from "./start-kube.ts";
import type { OpenWatch } from "./watch-relay.ts";
import { relayWatch } from "./watch-relay.ts";

/** A call as it went by. Bodies are never kept: they hold Secrets. */
export interface RecordedCall extends RequestInfo {
  /** Milliseconds of `performance.now()`. */
  readonly atMs: number;
  /** Of the answer; undefined while there is none, and for ever when the client or the server went away. */
  readonly status: number | undefined;
  /** The answer came from here and the server did not see the call. */
  readonly injected: boolean;
}

export type CallMatch = (call: RequestInfo) => boolean;

/** What becomes of the next calls that match. */
export interface Fault {
  /** Default: every call. */
  readonly match?: CallMatch;
  /** How many calls. Default: all, until `reset`. */
  readonly times?: number;
  /** Answers this instead of asking the server. */
  readonly status?: number;
  /** Of the `Status` object; what the server would say when absent. */
  readonly reason?: string;
  readonly retryAfterSeconds?: number;
  /** Waits before it asks the server or answers. */
  readonly delayMs?: number;
}

/**
 * Stands between a client and an API server. The address is for `loginOf`: clients have to call with a token, because a client
 * certificate ends here. HTTP/1.1, JSON only where events are put into watches.
 */
export interface FaultProxy extends Pick<KubeAddress, "url" | "ca" | "dir">, AsyncDisposable {
  /** Every call so far, oldest first. */
  recorded(match?: CallMatch): readonly RecordedCall[];
  /** Calls that change something, whatever was answered. */
  writes(match?: CallMatch): readonly RecordedCall[];
  /** Forgets recorded calls and takes all faults away; what is down comes up. */
  reset(): void;
  inject(fault: Fault): void;
  /** Puts an ERROR event of this status (default 410, `Expired`) into the open watches, and ends them. Answers how many. */
  failWatches(match?: CallMatch, status?: number): number;
  openWatches(match?: CallMatch): number;
  /** Breaks every connection; new ones work. */
  cut(): void;
  /** Half-open: connections are taken and kept, and no byte passes, until `resume`. */
  stall(): void;
  resume(): void;
  /** Breaks every connection and takes no new one, until `comeUp`. */
  goDown(): void;
  comeUp(): void;
  /** Connections at this moment. */
  readonly connections: number;
}

/** Opens one before a server. */
export const openFaultProxy = async (kube: Pick<KubeAddress, "url" | "ca" | "dir">): Promise<FaultProxy> => {
  const authority = await createAuthority("fault-proxy authority");
  const { certificate, privateKey } = await authority.issue({
    commonName: "fault-proxy",
    addresses: [{ type: "ip", value: "127.0.0.1" }],
  });
  const agent = new Agent({ ca: kube.ca, keepAlive: true });
  const traffic: Traffic = { url: kube.url, agent, calls: [], watches: new Set(), faults: [] };
  const { calls, watches } = traffic;
  const server = createServer({ cert: certificate, key: privateKey }, (incoming, outgoing) => {
    // The client or the server went away: the other one sees the connection break.
    handle(traffic, incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const ownPort = (server.address() as AddressInfo).port;
  const tcp = await openTcpSwitch([ownPort]);
  const anyCall: CallMatch = () => true;
  return {
    url: `https://127.0.0.1:${tcp.port}`,
    ca: authority.certificate,
    dir: kube.dir,
    recorded: (match = anyCall) => calls.filter(match),
    writes: (match = anyCall) => calls.filter((call) => isWrite(call) && match(call)),
    reset() {
      calls.length = 0;
      traffic.faults = [];
      tcp.setTargets([ownPort]);
      tcp.resume();
    },
    inject: (fault) => void traffic.faults.push({ fault, left: fault.times ?? Infinity }),
    failWatches(match = anyCall, status = 410) {
      const open = [...watches].filter(({ call }) => match(call));
      for (const watch of open) watch.fail(toStatus({}, status));
      return open.length;
    },
    openWatches: (match = anyCall) => [...watches].filter(({ call }) => match(call)).length,
    cut: () => tcp.cut(),
    stall: () => tcp.stall(),
    resume: () => tcp.resume(),
    goDown() {
      tcp.setTargets([]);
      tcp.cut();
    },
    comeUp: () => tcp.setTargets([ownPort]),
    get connections() {
      return tcp.connections;
    },
    async [Symbol.asyncDispose]() {
      await tcp[Symbol.asyncDispose]();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What the proxy knows while it runs. */
interface Traffic {
  readonly url: string;
  readonly agent: Agent;
  readonly calls: Mutable<RecordedCall>[];
  readonly watches: Set<OpenWatch & { readonly call: RequestInfo }>;
  faults: { readonly fault: Fault; left: number }[];
}

/** Lets one call through, or does to it what is to be done. */
const handle = async (traffic: Traffic, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
  const { calls, watches } = traffic;
  const info = readRequestInfo(incoming.method ?? "GET", incoming.url ?? "/");
  const call: Mutable<RecordedCall> = { ...info, atMs: performance.now(), status: undefined, injected: false };
  calls.push(call);
  const fault = takeFault(traffic, info);
  if (fault?.delayMs) await wait(fault.delayMs);
  if (fault?.status !== undefined) {
    call.injected = true;
    call.status = fault.status;
    // A body that nobody reads would break the connection.
    incoming.resume();
    answerFault(outgoing, fault, fault.status);
    return;
  }
  const answer = await forward(incoming, outgoing, traffic);
  call.status = answer.statusCode;
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
  if (info.verb !== "watch" || answer.statusCode !== 200) {
    answer.pipe(outgoing);
    return;
  }
  const watch = { ...relayWatch(answer, outgoing), call: info };
  watches.add(watch);
  outgoing.once("close", () => watches.delete(watch));
};

const takeFault = ({ faults }: Traffic, call: RequestInfo): Fault | undefined => {
  const found = faults.find(({ fault, left }) => left > 0 && (fault.match?.(call) ?? true));
  if (found) found.left--;
  return found?.fault;
};

/** Asks the server; ends the question when the client goes away. */
const forward = async (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { url, agent }: Traffic,
): Promise<IncomingMessage> => {
  const question = request(url + (incoming.url ?? "/"), {
    agent,
    method: incoming.method ?? "GET",
    headers: { ...incoming.headers, host: new URL(url).host },
  });
  outgoing.once("close", () => question.destroy());
  incoming.pipe(question);
  const [answer] = (await once(question, "response")) as [IncomingMessage];
  answer.on("error", () => outgoing.destroy());
  question.on("error", () => outgoing.destroy());
  return answer;
};

const reasons: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  410: "Expired",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
};

const toStatus = ({ reason }: Pick<Fault, "reason">, code: number): object => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Failure",
  message: "injected by the fault proxy",
  reason: reason ?? reasons[code] ?? "",
  code,
});

const answerFault = (outgoing: ServerResponse, fault: Fault, status: number): void => {
  const retryAfter = fault.retryAfterSeconds === undefined ? {} : { "retry-after": String(fault.retryAfterSeconds) };
  outgoing.writeHead(status, { "content-type": "application/json", ...retryAfter });
  outgoing.end(JSON.stringify(toStatus(fault, status)));
};
