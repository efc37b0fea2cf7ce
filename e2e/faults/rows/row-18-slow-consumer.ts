import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { startLoad } from "../load/load.ts";
import { createRestSender } from "../load/sender.ts";
import { startBalancer } from "../network/balancer.ts";
import type { World } from "../world.ts";
import type { Row } from "./row.ts";

const bytesPerClientMax = 20e6;
/** What the collector may leave lying about at the moment of a measurement. */
const slackBytes = 64e6;

export const slowConsumer: Row = {
  id: 18,
  title: "slow consumers",
  how: "second devices of members of a loud room stop reading; the gateways must cut them, and when they read again they catch up",
  async inject({ world, stage, random, size, recovered, note, must }) {
    const slowOnes = size(10, 4);
    const troupe = stage.troupes[0];
    const people = troupe.people.slice(0, slowOnes);
    const room = await troupe.addRoom(
      "loud",
      people.map(({ user }) => user),
    );
    const narrow = stage.use(await startBalancer(world.pods, () => random.next()));
    const devices = people.map((person) => stage.addClient(troupe, person, narrow.origin));
    const allBack = (): Promise<boolean> =>
      waitUntil(() => devices.every((device) => device.isSynced()), { limitMs: 60_000 });
    must(await allBack(), "the second devices do not connect");

    const user = people[0]?.user ?? "";
    const sender = createRestSender({ tenant: troupe.tenant, user, rooms: [room] }, troupe.rest, "key");
    const senders = Array.from({ length: 6 }, () => sender);
    // Loud first: what that alone costs in memory is not the slow ones' doing.
    const loud = startLoad({
      ...stage,
      random,
      senders,
      messagesPerSecond: 60,
      name: `${troupe.tenant}-loud`,
      chars: 15_000,
    });
    await waitUntil(() => loud.acknowledged > 200, { limitMs: 60_000 });
    const memory = (): Promise<number[]> => Promise.all(world.pods.map((pod) => pod.memoryBytes()));
    const [before, cutBefore] = [await memory(), await countCuts(world)];
    narrow.setMode({ kind: "hold", direction: "down" });
    const stalledAt = performance.now();
    const areCut = async (): Promise<boolean> => (await countCuts(world)) - cutBefore >= slowOnes;
    const allCut = await waitUntil(areCut, { limitMs: 90_000, everyMs: 250 });
    const after = await memory();
    await loud.stop();
    must(allCut, `only ${(await countCuts(world)) - cutBefore} of ${slowOnes} clients that do not read were cut`);
    note("cut after, s", ((performance.now() - stalledAt) / 1000).toFixed(1));
    const grown = Math.max(...after.map((bytes, n) => bytes - (before[n] ?? 0)));
    note("memory, MB more", Math.round(grown / 1e6));
    const most = slowOnes * bytesPerClientMax + slackBytes;
    must(grown < most, `a gateway took ${Math.round(grown / 1e6)} MB more for ${slowOnes} slow clients`);
    narrow.setMode({ kind: "open" });
    must(await allBack(), "clients that were cut do not come back");
    await recovered();
  },
};

/** How often the gateways said that they cut somebody. */
const countCuts = async ({ dir, pods }: World): Promise<number> => {
  const logs = await Promise.all(pods.map(({ name }) => readFile(join(dir, "logs", `${name}.log`), "utf8")));
  return logs.join("").split("cutting a client that does not read").length - 1;
};
