import { waitUntil } from "../../../scripts/process/wait.ts";
import type { ChatClient } from "../clients/chat-client.ts";
import { startLoad } from "../load/load.ts";
import { createRestSender } from "../load/sender.ts";
import type { Row, Scene } from "./row.ts";

const tenants = 4;
const devicesPerUser = 5;
const backMsMax = 60_000;

export const herd: Row = {
  id: 19,
  title: "everybody comes back at once",
  how: "kill -9 of all gateways, started again after 10 s, with 2,000 clients more that all come back and read what they missed",
  async inject(scene) {
    const { world, hold, size, recovered, note, must } = scene;
    const crowd = await gatherCrowd(scene, size(100, 10));
    await Promise.all(world.pods.map((pod) => pod.kill()));
    await hold(10_000);
    const startedAt = performance.now();
    await Promise.all(world.pods.map((pod) => pod.start(world.program())));
    const connected = (): number => crowd.filter((client) => client.isSynced()).length;
    const allBack = await waitUntil(() => connected() === crowd.length, { limitMs: 3 * backMsMax, everyMs: 100 });
    const seconds = (performance.now() - startedAt) / 1000;
    note("clients more", crowd.length);
    note("all back after, s", seconds.toFixed(1));
    must(allBack, `only ${connected()} of ${crowd.length} clients came back`);
    must(seconds * 1000 <= backMsMax, `the clients took ${seconds.toFixed(1)} s to come back`);
    await recovered();
  },
};

/** Tenants with rooms in which little is said, and people with several devices each. */
const gatherCrowd = async ({ stage, random }: Scene, usersPerTenant: number): Promise<readonly ChatClient[]> => {
  const crowd: ChatClient[] = [];
  for (let n = 0; n < tenants; n++) {
    const tenant = `${stage.troupes[0].tenant}-herd-${n + 1}`;
    const troupe = await stage.addTroupe({ tenant, rooms: usersPerTenant / 5, users: usersPerTenant, guests: 0 });
    for (const person of troupe.people) {
      // A hundred at a time: how they arrive for the first time is not what this is about.
      for (let device = 0; device < devicesPerUser; device++) crowd.push(stage.addClient(troupe, person));
      if (crowd.length % 100 !== 0) continue;
      await waitUntil(() => crowd.every((client) => client.isSynced()), { limitMs: backMsMax });
    }
    const senders = troupe.people
      .slice(0, 3)
      .map(({ user, rooms }) => createRestSender({ tenant, user, rooms }, troupe.rest, "key"));
    stage.addLoad(startLoad({ ...stage, random, senders, messagesPerSecond: 1, name: tenant }));
  }
  return crowd;
};
