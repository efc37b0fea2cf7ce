import type { ChatClient, ClientOptions } from "../clients/chat-client.ts";
import { createPlainClient } from "../clients/plain-client.ts";
import { createSdkClient } from "../clients/sdk-client.ts";
import type { Random } from "../load/random.ts";
import type { Recorder } from "../load/recorder.ts";
import { startProxy } from "../network/proxy.ts";
import type { World } from "../world.ts";
import type { Person, Troupe } from "./cast.ts";
import type { Scale } from "./scale.ts";

/** The clients of a stage. */
export interface Crowd extends AsyncDisposable {
  readonly all: readonly ChatClient[];
  /** Those that come and go. */
  readonly churning: readonly ChatClient[];
  /** Those that stay connected if nobody cuts them off. */
  readonly steady: readonly ChatClient[];
  /** Adds a device of a user, on its own way to the gateways if `through` says so. */
  add(troupe: Troupe, person: Person, through?: string): ChatClient;
}

export interface CrowdOptions {
  readonly world: World;
  readonly recorder: Recorder;
  readonly random: Random;
  readonly scale: Scale;
  readonly troupes: readonly Troupe[];
}

type Way = Pick<ClientOptions, "origin" | "cutWay">;

/** Gives everybody a device and lets them connect. */
export const gatherCrowd = async ({ world, recorder, random, scale, troupes }: CrowdOptions): Promise<Crowd> => {
  await using parts = new AsyncDisposableStack();
  let owner = parts;
  const { origin } = world.balancer;
  const all: ChatClient[] = [];
  const churning: ChatClient[] = [];
  const steady: ChatClient[] = [];

  const add = ({ tenant }: Troupe, { user, token }: Person, create: typeof createPlainClient, way: Way) => {
    const client = create({ recorder, name: `${tenant}/${user}/${all.length}`, tenant, user, token, ...way });
    all.push(owner.use(client));
    client.start();
    return client;
  };

  for (const troupe of troupes) {
    for (const [n, person] of troupe.people.entries()) {
      const create = n % 10 < scale.sdkShare * 10 ? createSdkClient : createPlainClient;
      // Of each ten one comes and goes, in turn one that uses our SDK.
      const comesAndGoes = n % 20 === 2 || n % 20 === 13;
      const way = comesAndGoes ? await layWay(world, random, owner) : { origin };
      (comesAndGoes ? churning : steady).push(add(troupe, person, create, way));
    }
    for (const guest of troupe.guests) add(troupe, guest, createPlainClient, { origin });
  }
  const gathered = parts.move();
  owner = gathered;
  return {
    all,
    churning,
    steady,
    add: (troupe, person, through = origin) => add(troupe, person, createPlainClient, { origin: through }),
    [Symbol.asyncDispose]: () => gathered.disposeAsync(),
  };
};

/** A way to the balancer that is one client's own, so that it can be cut without touching anybody else. */
const layWay = async ({ balancer }: World, random: Random, owner: AsyncDisposableStack): Promise<Way> => {
  const target = { name: "balancer", port: Number(new URL(balancer.origin).port) };
  const proxy = owner.use(await startProxy({ targets: () => [target], random: () => random.next() }));
  const cutWay = (): void => {
    for (const link of proxy.links) link.reset();
  };
  return { origin: `http://127.0.0.1:${proxy.port}`, cutWay };
};
