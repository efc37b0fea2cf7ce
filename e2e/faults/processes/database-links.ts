import type { Random } from "../load/random.ts";
import type { Proxy } from "../network/proxy.ts";
import { startProxy } from "../network/proxy.ts";
import type { World } from "../world.ts";

/** Ways from each gateway to Postgres that can be made to fail, by the name of the pod. */
export interface DatabaseLinks extends AsyncDisposable {
  readonly proxies: ReadonlyMap<string, Proxy>;
}

/** Restarts the gateways, one after the other, on such ways; at the end, on the direct ones again. */
export const layDatabaseLinks = async (world: World, random: Random): Promise<DatabaseLinks> => {
  await using parts = new AsyncDisposableStack();
  const proxies = new Map<string, Proxy>();
  for (const pod of world.pods) {
    const target = { name: "postgres", port: world.database.port };
    proxies.set(pod.name, parts.use(await startProxy({ targets: () => [target], random: () => random.next() })));
  }
  parts.defer(() => restart(world, () => ({})));
  await restart(world, (name) => {
    const url = new URL(world.gatewayUrl);
    url.port = String(proxies.get(name)?.port);
    return { DATABASE_URL: url.href };
  });
  const laid = parts.move();
  return { proxies, [Symbol.asyncDispose]: () => laid.disposeAsync() };
};

const restart = async (world: World, envOf: (pod: string) => Readonly<Record<string, string>>): Promise<void> => {
  for (const pod of world.pods) {
    await pod.terminate();
    await pod.start(world.program(envOf(pod.name)));
  }
};
