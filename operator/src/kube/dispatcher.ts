import { createHash } from "node:crypto";
import type { DispatcherOptions } from "@kubernetes/client-node";
import type { Dispatcher } from "undici";
import { Agent, ProxyAgent } from "undici";

/**
 * What a request waits behind. Watches keep a connection each for minutes, and the Lease must wait behind nothing: neither
 * a storm of calls nor more watches than there are connections for.
 */
export type Lane = "call" | "watch" | "lease";

/** The connections of a client: each is used again, and there are never more than the lanes allow. */
export interface Connections extends AsyncDisposable {
  /** The pool of a lane. Another one than before when certificates have changed. */
  to(connection: DispatcherOptions, lane: Lane): Dispatcher;
}

/**
 * One pool for each lane, kept for as long as the CA, the client certificate and the proxy are the same. HTTP/1.1: with
 * HTTP/2 all watches would hang on one socket, and be lost or half-open together.
 */
export const createConnections = (connectionsMax: Readonly<Record<Lane, number>>): Connections => {
  let pools: Pools | undefined;
  /** The same for some seconds: its certificates are not hashed for each request. */
  let current: DispatcherOptions | undefined;
  const retired = new Set<Dispatcher>();
  const retire = ({ call, watch, lease }: Pools): void => {
    for (const pool of [call, watch, lease]) {
      retired.add(pool);
      // Resolves when its last request has ended: a watch, within 10 minutes.
      void pool.close().then(
        () => retired.delete(pool),
        () => retired.delete(pool),
      );
    }
  };
  return {
    to(connection, lane) {
      if (pools && connection === current) return pools[lane];
      current = connection;
      const print = fingerprint(connection);
      if (pools?.print === print) return pools[lane];
      if (pools) retire(pools);
      const open = (one: Lane): Dispatcher => openPool(connection, connectionsMax[one]);
      pools = { print, call: open("call"), watch: open("watch"), lease: open("lease") };
      return pools[lane];
    },
    async [Symbol.asyncDispose]() {
      const all = [...retired, ...(pools ? [pools.call, pools.watch, pools.lease] : [])];
      await Promise.all(all.map((pool) => pool.destroy()));
    },
  };
};

interface Pools extends Readonly<Record<Lane, Dispatcher>> {
  readonly print: string;
}

const openPool = (connection: DispatcherOptions, connections: number): Dispatcher => {
  // Times are kept by the client, with its clock; 0 switches undici's own timers off.
  const options = { connections, pipelining: 1, allowH2: false, headersTimeout: 0, bodyTimeout: 0 };
  const kept = { keepAliveTimeout: 30_000, connectTimeout: 10_000 };
  switch (connection.type) {
    case "agent":
      return new Agent({ ...options, ...kept, connect: connection.connect as NonNullable<Agent.Options["connect"]> });
    case "none":
      return new Agent({ ...options, ...kept });
    case "proxy":
      return new ProxyAgent({ ...options, ...kept, uri: connection.uri, requestTls: connection.requestTls as object });
    case "socks":
      throw new Error("unable to connect to the API server; a SOCKS proxy is not supported");
  }
};

/** Buffers of certificates stand in JSON as their bytes. Keys are in it too, so only its hash is kept. */
const fingerprint = (connection: DispatcherOptions): string =>
  createHash("sha256").update(JSON.stringify(connection)).digest("base64");
