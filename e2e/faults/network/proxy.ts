import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import type { Link, LinkMode } from "./link.ts";
import { createLink } from "./link.ts";

/** Where a connection goes. */
export interface Target {
  readonly name: string;
  readonly port: number;
}

/** A TCP proxy on 127.0.0.1 whose links can be made to fail. */
export interface Proxy extends AsyncDisposable {
  readonly port: number;
  readonly links: ReadonlySet<Link>;
  /** Sets the mode of every link that fits, and of those that will be made while it is in force. */
  setMode(mode: LinkMode, fits?: (link: Link) => boolean): void;
}

export interface ProxyOptions {
  /** Targets for a new connection, the first choice first; none refuses it. */
  readonly targets: () => readonly Target[];
  readonly random: () => number;
}

const connectMsMax = 1000;

/** Starts it on a free port. A connection that no target takes is reset. */
export const startProxy = async ({ targets, random }: ProxyOptions): Promise<Proxy> => {
  const links = new Set<Link>();
  const clients = new Set<Socket>();
  let modeOfNew: (link: Link) => LinkMode = () => ({ kind: "open" });

  const serve = async (client: Socket): Promise<void> => {
    clients.add(client);
    client.on("close", () => clients.delete(client));
    const refuse = (): void => void client.resetAndDestroy();
    client.on("error", refuse);
    for (const target of targets()) {
      const upstream = await reach(target);
      if (!upstream) continue;
      if (client.destroyed) return void upstream.destroy();
      const link = createLink(target.name, client, upstream, random);
      links.add(link);
      void link.closed.then(() => links.delete(link));
      link.setMode(modeOfNew(link));
      return;
    }
    refuse();
  };

  const server = createServer({ pauseOnConnect: true }, (client) => void serve(client));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    links,
    setMode(mode, fits = () => true) {
      modeOfNew = (link) => (fits(link) ? mode : { kind: "open" });
      for (const link of links) if (fits(link)) link.setMode(mode);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const link of links) link.reset();
      for (const client of clients) client.destroy();
      await once(server, "close");
    },
  };
};

/** Answers undefined when nobody takes the connection in time. */
const reach = async ({ port }: Target): Promise<Socket | undefined> => {
  const socket = connect({ host: "127.0.0.1", port });
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(connectMsMax) });
    return socket;
  } catch {
    // Refused, or the process does not answer: the next one is asked.
    socket.destroy();
    return undefined;
  }
};
