import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";
import { KubeConfig } from "@kubernetes/client-node";
import type { KubeObject, Resource } from "../../src/kube/kube-object.ts";
import type { KeyPair } from "../../../scripts/testing/kube/certificates.ts";
import { createAuthority } from "../../../scripts/testing/kube/certificates.ts";
import { waitUntil } from "../../../scripts/process/wait.ts";

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  /** JSON, or undefined. */
  readonly body: unknown;
  readonly atMs: number;
}

/** `cut` breaks the connection, `hang` never answers; a text is sent as it is, a body as JSON. */
export type Reply =
  | "cut"
  | "hang"
  | {
      readonly status: number;
      readonly body?: unknown;
      readonly text?: string;
      readonly headers?: Readonly<Record<string, string>>;
    };

/** An HTTPS server that behaves as the API server does for ConfigMaps of one namespace, and misbehaves when told to. */
export interface ApiServerDouble extends AsyncDisposable {
  /** A kubeconfig of a user; by default with a token. */
  config(user?: object): KubeConfig;
  readonly requests: readonly SeenRequest[];
  /** Answers in place of the server, where it answers anything. */
  reply(answer: (request: SeenRequest) => Reply | undefined): void;
  put(name: string, data?: string): void;
  remove(name: string): void;
  /** Forgets what happened before: who wants to go on from there is told 410. */
  compact(): void;
  readonly revision: number;
  readonly openWatches: number;
  watchesReach(count: number): Promise<void>;
  /** Breaks the connections of all watches. */
  cutWatches(): void;
  /** Ends all watches as the server does when their time is over. */
  endWatches(): void;
  /** Writes to all watches as it is. */
  write(chunk: string): void;
  /** Refuses and breaks connections until it comes up again. */
  goDown(): void;
  comeUp(): void;
  /** TLS handshakes so far. */
  readonly handshakes: number;
  readonly connections: number;
}

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

export const configMaps: Resource<ConfigMap> = { apiVersion: "v1", kind: "ConfigMap", plural: "configmaps" };

interface Change {
  readonly revision: number;
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: ConfigMap;
}

export const openApiServerDouble = async (): Promise<ApiServerDouble> => {
  const { certificate, privateKey, ca } = await findCertificate();
  const objects = new Map<string, ConfigMap>();
  const changes: Change[] = [];
  const requests: SeenRequest[] = [];
  const watches = new Set<ServerResponse>();
  const sockets = new Set<Socket>();
  let answer: (request: SeenRequest) => Reply | undefined = () => undefined;
  let revision = 100;
  let compacted = 100;
  let handshakes = 0;
  let isDown = false;

  const change = (type: Change["type"], object: ConfigMap): void => {
    const metadata = { ...object.metadata, resourceVersion: String(++revision) };
    const changed = { revision, type, object: { ...object, metadata } };
    changes.push(changed);
    for (const watch of watches) watch.write(toLine(changed));
  };
  const list = ({ query }: SeenRequest, response: ServerResponse): void => {
    const limit = Number(query.get("limit") ?? Number.MAX_SAFE_INTEGER);
    const from = Number(query.get("continue") ?? 0);
    const all = [...objects.values()];
    const more = from + limit < all.length ? { continue: String(from + limit) } : {};
    send(response, 200, {
      kind: "ConfigMapList",
      metadata: { resourceVersion: String(revision), ...more },
      // Items of a list do not say what they are.
      items: all.slice(from, from + limit).map(({ metadata, data }) => ({ metadata, data })),
    });
  };
  const watch = ({ query }: SeenRequest, response: ServerResponse): void => {
    const from = Number(query.get("resourceVersion"));
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    if (from < compacted) {
      response.end(`${JSON.stringify({ type: "ERROR", object: toStatus(410, "too old resource version") })}\n`);
      return;
    }
    for (const changed of changes) if (changed.revision > from) response.write(toLine(changed));
    watches.add(response);
    response.once("close", () => watches.delete(response));
  };
  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming);
    requests.push(request);
    const reply = answer(request);
    if (reply === "hang") return;
    if (reply === "cut") incoming.socket.destroy();
    else if (reply) {
      const body = reply.text ?? JSON.stringify(reply.body ?? toStatus(reply.status, ""));
      response.writeHead(reply.status, { "content-type": "application/json", ...reply.headers }).end(body);
    } else if (request.method !== "GET") send(response, 200, request.body ?? {});
    else if (request.query.get("watch") === "true") watch(request, response);
    else list(request, response);
  };

  const server = createServer({ cert: certificate, key: privateKey }, (incoming, response) => {
    handle(incoming, response).catch(() => response.destroy());
  });
  server.keepAliveTimeout = 0;
  server.on("secureConnection", () => handshakes++);
  server.on("tlsClientError", () => undefined);
  server.on("connection", (socket: Socket) => {
    if (isDown) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    config(user = { token: "secret" }) {
      const config = new KubeConfig();
      const caData = Buffer.from(ca).toString("base64");
      const cluster = { name: "double", server: url, caData, skipTLSVerify: false };
      config.loadFromClusterAndUser(cluster, { name: "user", ...user });
      return config;
    },
    requests,
    reply(next) {
      answer = next;
    },
    put(name, data = "") {
      const before = objects.get(name);
      const made = { uid: `uid-${revision}`, managedFields: [{ manager: "double" }] };
      const metadata = { ...made, ...before?.metadata, name, namespace: "acme" };
      const object = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { data } };
      change(before ? "MODIFIED" : "ADDED", object);
      const stored = changes.at(-1)?.object;
      if (stored) objects.set(name, stored);
    },
    remove(name) {
      const object = objects.get(name);
      if (!object) return;
      objects.delete(name);
      change("DELETED", object);
    },
    compact() {
      compacted = ++revision;
    },
    get revision() {
      return revision;
    },
    get openWatches() {
      return watches.size;
    },
    async watchesReach(count) {
      const reached = await waitUntil(() => watches.size === count, { limitMs: 10_000, everyMs: 5 });
      if (!reached) throw new Error(`there are ${watches.size} watches, not ${count}`);
    },
    cutWatches() {
      for (const response of watches) response.socket?.destroy();
    },
    endWatches() {
      for (const response of watches) response.end();
      watches.clear();
    },
    write(chunk) {
      for (const response of watches) response.write(chunk);
    },
    goDown() {
      isDown = true;
      for (const socket of sockets) socket.destroy();
    },
    comeUp() {
      isDown = false;
    },
    get handshakes() {
      return handshakes;
    },
    get connections() {
      return sockets.size;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};

/** One for all doubles of a process: keys take time. */
let made: Promise<KeyPair & { readonly ca: string }> | undefined;
const findCertificate = (): Promise<KeyPair & { readonly ca: string }> => {
  made ??= (async () => {
    const authority = await createAuthority("double authority");
    const addresses = [{ type: "ip", value: "127.0.0.1" }] as const;
    return { ...(await authority.issue({ commonName: "double", addresses })), ca: authority.certificate };
  })();
  return made;
};

const readRequest = async (incoming: IncomingMessage): Promise<SeenRequest> => {
  const { pathname, searchParams } = new URL(incoming.url ?? "/", "https://double");
  const body = await text(incoming);
  return {
    method: incoming.method ?? "",
    path: pathname,
    query: searchParams,
    headers: incoming.headers,
    body: body === "" ? undefined : JSON.parse(body),
    atMs: performance.now(),
  };
};

const toLine = ({ type, object }: Change): string => `${JSON.stringify({ type, object })}\n`;

export const toStatus = (code: number, message: string, more: object = {}): object => ({
  kind: "Status",
  apiVersion: "v1",
  status: "Failure",
  code,
  message,
  ...more,
});

const send = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
};
