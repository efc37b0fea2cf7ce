import { pauseProcesses } from "../processes/pause.ts";
import type { Pod } from "../processes/pod.ts";
import type { Row, Scene } from "./row.ts";

/** A fault that begins and ends by itself; what it leaves behind must heal. */
interface Fault {
  readonly name: string;
  /** Two that touch the same are not played together: they would be in each other's way, not in the product's. */
  readonly touches: "gateways" | "Postgres" | "connections" | "clients";
  play(scene: Scene, pod: Pod): Promise<void>;
}

const faults: readonly Fault[] = [
  {
    name: "gateway killed",
    touches: "gateways",
    async play({ world, hold }, pod) {
      await pod.kill();
      await hold(1000);
      await pod.start(world.program());
    },
  },
  {
    name: "gateway hangs",
    touches: "gateways",
    async play({ hold, random }, { pid }) {
      if (pid === undefined) return;
      const paused = pauseProcesses([pid]);
      try {
        await hold(random.between(2000, 8000));
      } finally {
        await paused.resume();
      }
    },
  },
  {
    name: "all gateways killed",
    touches: "gateways",
    async play({ world, hold }) {
      await Promise.all(world.pods.map((one) => one.kill()));
      await hold(1000);
      await Promise.all(world.pods.map((one) => one.start(world.program())));
    },
  },
  {
    name: "Postgres restarted",
    touches: "Postgres",
    async play({ world }) {
      await world.database.stop("fast");
      await world.database.start();
    },
  },
  {
    name: "Postgres killed",
    touches: "Postgres",
    async play({ world, hold }) {
      await world.database.stop("kill");
      await hold(2000);
      await world.database.start();
    },
  },
  {
    name: "LISTEN lost",
    touches: "connections",
    async play({ world }) {
      await world.database.terminate(["sendsar-listener"]);
    },
  },
  {
    name: "all connections lost",
    touches: "connections",
    async play({ world }) {
      await world.database.terminate(["sendsar-listener", "sendsar-publisher", "sendsar-gateway"]);
    },
  },
  {
    name: "clients' connections reset",
    touches: "clients",
    async play({ world }) {
      for (const link of world.balancer.links) link.reset();
    },
  },
];

/** The pairs that the matrix names; after these, pairs by the dice. */
const named: readonly (readonly [string, string])[] = [
  ["gateway killed", "Postgres restarted"],
  ["gateway hangs", "LISTEN lost"],
  ["Postgres restarted", "all gateways killed"],
];

export const twoAtOnce: Row = {
  id: 35,
  title: "two faults at once",
  how: "pairs of the faults above at the same time, three that the matrix names and then pairs by the dice",
  async inject(scene) {
    const { world, random, size, hold, recovered, note } = scene;
    const rounds = size(8, 3);
    const played: string[] = [];
    for (let n = 0; n < rounds; n++) {
      const [one, other] = pickPair(scene, n);
      const [first, second] = [random.pick(world.pods), random.pick(world.pods)];
      played.push(`${one.name} + ${other.name}`);
      await Promise.all([one.play(scene, first), hold(random.between(0, 1500)).then(() => other.play(scene, second))]);
      await recovered();
    }
    note("pairs", played.join("; "));
  },
};

const pickPair = ({ random }: Scene, n: number): readonly [Fault, Fault] => {
  const find = (name: string | undefined): Fault | undefined => faults.find((fault) => fault.name === name);
  const one = find(named[n]?.[0]) ?? random.pick(faults);
  const other = find(named[n]?.[1]) ?? random.pick(faults.filter(({ touches }) => touches !== one.touches));
  return [one, other];
};
