import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { codeOf, reasonOf } from "./sentence.ts";

const loopbacks = ["127.0.0.1", "::1"];
const connectMsMax = 1000;
const portMax = 65_535;

/** A port of 127.0.0.1 that nothing listens on at this moment. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
};

/**
 * Why a server on this port would not be the one that `localhost` reaches; undefined if it would. Binding alone does
 * not tell: where one program listens on every address and another on one of them, both can succeed, and `localhost`
 * may be the IPv6 one.
 */
export const portProblem = async (port: number): Promise<string | undefined> => {
  const answers = await Promise.all(loopbacks.map((host) => isListening(host, port)));
  return answers.includes(true) ? inUse : listenProblem(port);
};

/** The first port from `port` on that can be used. */
export const nextFreePort = async (port: number): Promise<number> => {
  for (let candidate = port; candidate <= portMax; candidate++) {
    if ((await portProblem(candidate)) === undefined) return candidate;
  }
  return freePort();
};

const inUse = "another program uses it";

const isListening = async (host: string, port: number): Promise<boolean> => {
  const socket = connect({ host, port, timeout: connectMsMax });
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true));
      socket.once("timeout", () => resolve(false));
      // Refused, or this machine has no IPv6.
      socket.once("error", () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
};

const listenProblem = async (port: number): Promise<string | undefined> => {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  } catch (error) {
    return codeOf(error) === "EADDRINUSE" ? inUse : reasonOf(error);
  }
  server.close();
  await once(server, "close");
  return undefined;
};
