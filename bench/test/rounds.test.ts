import { expect, test } from "vitest";
import type { Sample, Subject } from "../measure/rounds.ts";
import { runRounds } from "../measure/rounds.ts";

const sample = (cpuMicros: number): Sample => ({ units: 10, wallMs: 5, cpuMicros, postgresMicros: 0 });

/** Subjects that write down their turns; the CPU of each is taken from its list, over and over. */
const createSubjects = (costs: Readonly<Record<string, readonly number[]>>) => {
  const order: string[] = [];
  const subjects = Object.entries(costs).map(([name, values]): Subject => {
    let turns = 0;
    return {
      name,
      turn: async () => {
        order.push(name);
        return sample(values[turns++ % values.length] ?? 0);
      },
    };
  });
  return { order, subjects };
};

/** As if everything that the machine does were ours, so that no round is noisy. */
const quiet = { ownMicros: () => performance.now() * 1e6, acceptNoise: false };

test("neighbours take turns there and back, and a round adds up both", async () => {
  const { order, subjects } = createSubjects({ a: [100], b: [10, 30] });
  const { kept, rejected } = await runRounds({ subjects, rounds: 2, ...quiet });
  expect(order.join("")).toBe("abbaabba");
  expect(rejected).toEqual([]);
  expect(kept.map((round) => round.get("b"))).toEqual([
    { units: 20, wallMs: 10, cpuMicros: 40, postgresMicros: 0, extra: {} },
    { units: 20, wallMs: 10, cpuMicros: 40, postgresMicros: 0, extra: {} },
  ]);
});

test("a round in which the floor moved is rejected, counted and tried again", async () => {
  const { subjects } = createSubjects({ floor: [100, 130, 100, 110, 100, 100], ours: [1] });
  const { kept, rejected } = await runRounds({ subjects, rounds: 2, ...quiet });
  expect(kept).toHaveLength(2);
  expect(rejected).toEqual(["the floor moved by 30 %"]);
});

test("it gives up when the machine does not become quiet", async () => {
  const { order, subjects } = createSubjects({ floor: [100, 200], ours: [1] });
  const { kept, rejected } = await runRounds({ subjects, rounds: 5, ...quiet });
  expect(kept).toEqual([]);
  expect(rejected).toHaveLength(8);
  expect(order).toHaveLength(8 * 4);
});

test("a round in which others used the machine is rejected", async () => {
  const { subjects } = createSubjects({ floor: [100] });
  const busy: Subject = {
    name: "busy",
    turn: async () => {
      const until = performance.now() + 60;
      while (performance.now() < until);
      return sample(1);
    },
  };
  // Nothing of what this process does is ours.
  const { kept, rejected } = await runRounds({
    ...{ subjects: [...subjects, busy], rounds: 1, ownMicros: () => 0, acceptNoise: false },
  });
  expect(kept).toEqual([]);
  expect(rejected[0]).toMatch(/others used \d+ % of the machine/);
});

test("a turn that throws ends all of it", async () => {
  const broken: Subject = { name: "broken", turn: () => Promise.reject(new Error("lost 1")) };
  await expect(runRounds({ subjects: [broken], rounds: 1, ...quiet })).rejects.toThrow("lost 1");
});
