import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { connect, createServer } from "node:net";

/** A tiny balancer of TCP connections that can also misbehave as networks do. */
export interface TcpSwitch extends AsyncDisposable {
  readonly port: number;
  /** Ports of 127.0.0.1 that new connections go to, in turn; one that refuses is passed over. None: refused. */
  setTargets(ports: readonly number[]): void;
  /** From now on nothing passes, in either direction, on no connection, old or new; nobody is told. */
  stall(): void;
  /** What was held back passes, and everything after it. */
  resume(): void;
  /** Forgets every connection: what is sent on one goes nowhere, and nobody is told. Those made afterwards work. */
  forget(): void;
  /** Breaks every connection. Those made afterwards work. */
  cut(): void;
  /** Connections at this moment. */
  readonly connections: number;
}

/** Opens it on a free port of 127.0.0.1. */
export const openTcpSwitch = async (ports: readonly number[]): Promise<TcpSwitch> => {
  const sides = new Set<Socket>();
  const forgotten = new WeakSet<Socket>();
  let targets = ports;
  let turn = 0;
  let stalled = false;
  /** Clients that came during a stall. */
  let arrived: Socket[] = [];

  const keep = (side: Socket, other: Socket): void => {
    sides.add(side);
    // What is broken here is broken on purpose; the other side sees it as its end.
    side.on("error", () => undefined);
    side.on("close", () => {
      sides.delete(side);
      if (!forgotten.has(side)) other.destroy();
    });
    side.on("data", (chunk) => {
      if (!forgotten.has(side) && !other.write(chunk)) side.pause();
    });
    other.on("drain", () => !stalled && side.resume());
    side.on("end", () => !forgotten.has(side) && other.end());
  };
  const join = (client: Socket): void => {
    void findServer(targets, turn++).then((server) => {
      if (!server || client.destroyed) {
        client.destroy();
        server?.destroy();
        return;
      }
      keep(client, server);
      keep(server, client);
      for (const side of [client, server])
        if (stalled) side.pause();
        else side.resume();
    });
  };

  const entrance = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => {
    client.on("error", () => undefined);
    if (stalled) arrived.push(client);
    else join(client);
  });
  entrance.listen(0, "127.0.0.1");
  await once(entrance, "listening");
  const cut = (): void => {
    for (const side of [...sides, ...arrived]) side.resetAndDestroy();
    arrived = [];
  };
  return {
    port: (entrance.address() as AddressInfo).port,
    setTargets(next) {
      targets = next;
    },
    stall() {
      stalled = true;
      for (const side of sides) side.pause();
    },
    resume() {
      stalled = false;
      for (const side of sides) side.resume();
      for (const client of arrived) join(client);
      arrived = [];
    },
    forget() {
      for (const side of sides) forgotten.add(side);
    },
    cut,
    get connections() {
      return sides.size / 2;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(entrance, "close");
      entrance.close();
      cut();
      await closed;
    },
  };
};

const findServer = async (ports: readonly number[], turn: number): Promise<Socket | undefined> => {
  for (let n = 0; n < ports.length; n++) {
    const port = ports[(turn + n) % ports.length];
    if (port === undefined) continue;
    const server = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    try {
      await once(server, "connect");
      return server;
    } catch {
      // It refuses; the next one may not.
      server.destroy();
    }
  }
  return undefined;
};
