import { afterEach, beforeEach } from "vitest";
import type { ChatClient } from "../src/client.ts";
import { type Deps, realDeps } from "../src/deps.ts";
import { Sendsar } from "../src/sendsar.ts";
import { type GatewayDouble, startGatewayDouble } from "./gateway-double.ts";

/** What every test of a file is given anew. */
export interface Given {
  readonly gateway: GatewayDouble;
  /** Has the client disconnected when the test ends. */
  track(chat: ChatClient): ChatClient;
  /** A client of the gateway. Without jitter unless `deps` say otherwise: delays are half of the nominal ones. */
  createClient(deps?: Partial<Deps>): ChatClient;
  /** A client that is connected with its user id as the token. */
  connectAs(userId: string, deps?: Partial<Deps>): Promise<ChatClient>;
}

/** Gives each test of the calling file a gateway double of its own. */
export function withGatewayDouble(): Given {
  const clients: ChatClient[] = [];
  let gateway: GatewayDouble;
  beforeEach(async () => {
    gateway = await startGatewayDouble();
  });
  afterEach(async () => {
    for (const chat of clients.splice(0)) await chat.disconnect();
    await gateway[Symbol.asyncDispose]();
  });
  const given: Given = {
    get gateway() {
      return gateway;
    },
    track(chat) {
      clients.push(chat);
      return chat;
    },
    createClient: (deps) => given.track(Sendsar.init({ apiUrl: gateway.apiUrl }, { random: () => 0, ...deps })),
    async connectAs(userId, deps) {
      const chat = given.createClient(deps);
      await chat.connect({ userId, token: userId });
      return chat;
    },
  };
  return given;
}

/** Surroundings in which the timers that fit run `factor` times as fast, and nothing is jittered. */
export const hurry = (factor: number, fits: (delayMs: number) => boolean = () => true): Partial<Deps> => ({
  random: () => 0,
  setTimer: (callback, delayMs) => realDeps.setTimer(callback, fits(delayMs) ? delayMs / factor : delayMs),
});

/** Delays between tries pass at once; limits, of ten seconds and more, stay as they are. */
export const hurried = hurry(20, (delayMs) => delayMs < 10_000);
