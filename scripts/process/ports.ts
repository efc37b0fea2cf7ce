import { once } from "node:events";
import { randomInt } from "node:crypto";
import { connect, createServer } from "node:net";
import { codeOf, reasonOf, Sentence } from "./sentence.ts";

const loopbacks = ["127.0.0.1", "::1"];
const connectMsMax = 1000;
const portMax = 65_535;

/** Linux gives connections their ports from 32768 on, macOS and Windows from 49152 on; browsers refuse none of these. */
const freePorts = { from: 11_000, to: 32_768 } as const;
const attemptsMax = 100;

/**
 * A port that nothing listens on at this moment, out of those that the system gives to nobody: between this answer and its
 * use no connection of any program takes it.
 */
export const freePort = async (): Promise<number> => {
  let problem: string | undefined;
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const port = randomInt(freePorts.from, freePorts.to);
    problem = await portProblem(port);
    if (problem === undefined) return port;
  }
  throw new Sentence(`unable to find a free port; of the last one tried: ${problem}`);
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
