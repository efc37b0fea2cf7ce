import { describe, expect, test } from "vitest";
import { KubeUnreachable } from "../../src/kube/kube-error.ts";
import type { LeaderElector } from "../../src/kube/leader-elector.ts";
import { createLeaderElector, NotLeader } from "../../src/kube/leader-elector.ts";
import type { Lease } from "../../src/kube/lease.ts";
import type { KubeStoreDouble, StoredCalls } from "./kube-client-double.ts";
import { createKubeStoreDouble } from "./kube-client-double.ts";
import type { TestClock } from "./test-clock.ts";
import { createTestClock, settle } from "./test-clock.ts";

interface Candidate extends LeaderElector {
  /** When it was elected and when it lost, by its own clock. */
  electedAt: number | undefined;
  lostAt: number | undefined;
  readonly errors: unknown[];
  readonly stop: AbortController;
  ended: boolean;
}

const stand = (name: string, clock: TestClock, client: StoredCalls, fenceFloor = () => 0): Candidate => {
  const times: Pick<Candidate, "electedAt" | "lostAt" | "errors" | "stop" | "ended"> = {
    electedAt: undefined,
    lostAt: undefined,
    errors: [],
    stop: new AbortController(),
    ended: false,
  };
  const elector = createLeaderElector({
    client,
    clock,
    lease: { namespace: "chat", name: "operator" },
    identity: `${name}_1`,
    fenceFloor,
    onElected: () => {
      candidate.electedAt = clock.now();
    },
    onLost: () => {
      candidate.lostAt = clock.now();
    },
    onError: (error) => times.errors.push(error),
  });
  const candidate: Candidate = Object.defineProperties(times, {
    ...Object.getOwnPropertyDescriptors(elector),
  }) as Candidate;
  void elector.run(times.stop.signal).then(() => {
    candidate.ended = true;
  });
  return candidate;
};
const leaseOf = (store: KubeStoreDouble): Lease | undefined => store.objects.get("operator") as Lease | undefined;
/** Never answers. */
const hang = (): Promise<void> => new Promise(() => undefined);

describe("a leader elector", () => {
  test("E13: the first one makes the Lease and leads, the others wait", async () => {
    const clock = createTestClock();
    const store = createKubeStoreDouble(clock.date);
    const first = stand("a", clock, store.client());
    await clock.advance(0);
    const second = stand("b", clock, store.client());
    await clock.advance(60_000);
    expect([first.isLeader(), second.isLeader(), second.holder]).toEqual([true, false, "a_1"]);
    expect(leaseOf(store)?.spec).toMatchObject({
      holderIdentity: "a_1",
      leaseDurationSeconds: 15,
      leaseTransitions: 0,
    });
    expect(leaseOf(store)?.spec?.renewTime).toMatch(/^2026-01-01T00:0[01]:\d\d\.\d{6}Z$/);
    expect(() => second.fence()).toThrow(NotLeader);
  });

  test.each([0, 0.5, 0.999])(
    "§5.3 leaders: a leader that is killed is followed within 17 s (jitter %d)",
    async (jitter) => {
      const clock = createTestClock(() => jitter);
      const store = createKubeStoreDouble(clock.date);
      let isDead = false;
      const first = stand("a", clock, store.client({ before: () => (isDead ? hang() : undefined) }));
      await clock.advance(700);
      const second = stand("b", clock, store.client());
      const renewals = store.writes.length;
      while (store.writes.length < renewals + 5) await clock.advance(100);
      isDead = true;
      const killedAt = clock.now();
      await clock.advance(17_000);
      expect(second.electedAt).toBeGreaterThan(killedAt + 14_000);
      expect(second.isLeader()).toBe(true);
      expect(first.isLeader()).toBe(false);
      expect(first.lostAt).toBeLessThanOrEqual(killedAt + 10_000);
    },
  );

  test("whenever it is looked at, there are never two leaders, whatever does not answer", async () => {
    let seed = 7;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const clock = createTestClock(random);
    const store = createKubeStoreDouble(clock.date);
    const fences: number[] = [];
    const candidates: Candidate[] = [];
    const begin = (n: number): void => {
      // Calls are answered late, by up to 20 s, or their answer is lost: what they do is done.
      const slow = (): Promise<void> => (random() < 0.1 ? clock.sleep(random() * 20_000) : Promise.resolve());
      candidates[n] = stand(`${n}-${fences.length}`, clock, store.client({ before: slow, after: slow }));
    };
    for (const n of [0, 1, 2]) begin(n);
    for (let step = 0; step < 3000; step++) {
      await clock.advance(200);
      const leaders = candidates.filter((candidate) => candidate.isLeader());
      expect(leaders.length).toBeLessThanOrEqual(1);
      const fence = leaders[0]?.fence();
      if (fence !== undefined && fence !== fences.at(-1)) fences.push(fence);
      for (const [n, { ended }] of candidates.entries()) if (ended) begin(n);
    }
    expect(fences.length).toBeGreaterThan(3);
    expect(fences).toEqual([...new Set(fences)].toSorted((a, b) => a - b));
  }, 60_000);

  test("pitfall 11: a leader that gets no answers loses at its deadline, having had several tries", async () => {
    const clock = createTestClock();
    const store = createKubeStoreDouble(clock.date);
    let isCut = false;
    let tries = 0;
    const before = (): Promise<void> | undefined => {
      if (!isCut) return undefined;
      tries++;
      return hang();
    };
    const leader = stand("a", clock, store.client({ before }));
    await clock.advance(0);
    isCut = true;
    await clock.advance(9_999);
    expect([leader.isLeader(), leader.lostAt]).toEqual([true, undefined]);
    await clock.advance(1);
    expect([leader.isLeader(), leader.lostAt, leader.ended]).toEqual([false, 10_000, true]);
    expect(tries).toBeGreaterThanOrEqual(2);
    expect(leader.errors.length).toBeGreaterThanOrEqual(1);
  });

  test("pitfall 11: after its event loop was blocked for longer than the deadline it does not lead, before anything else runs", async () => {
    const clock = createTestClock();
    const store = createKubeStoreDouble(clock.date);
    const leader = stand("a", clock, store.client());
    await clock.advance(5_000);
    const blocked = clock.block(20_000);
    // The clock has moved and no timer was served yet.
    expect([leader.isLeader(), leader.lostAt]).toEqual([false, undefined]);
    expect(() => leader.fence()).toThrow("unable to write; this process does not lead");
    const renewed = leaseOf(store)?.spec?.renewTime;
    await blocked;
    expect(leader.lostAt).toBe(25_000);
    expect(leaseOf(store)?.spec?.renewTime).toBe(renewed);
  });

  test("pitfall 11: nor does an answer that was waiting when the block ended make it a leader again", async () => {
    const clock = createTestClock();
    const store = createKubeStoreDouble(clock.date);
    const answered = Promise.withResolvers<void>();
    let isHeldBack = false;
    const after = ({ verb }: { readonly verb: string }): Promise<void> | undefined =>
      isHeldBack && verb === "replace" ? answered.promise : undefined;
    const leader = stand("a", clock, store.client({ after }));
    await clock.advance(0);
    isHeldBack = true;
    await clock.advance(9_000);
    expect(leader.isLeader()).toBe(true);
    const blocked = clock.block(4_000);
    answered.resolve();
    await blocked;
    expect([leader.isLeader(), leader.lostAt]).toEqual([false, 13_000]);
  });

  test("a renewal whose answer comes after the deadline saves nothing", async () => {
    const clock = createTestClock();
    const store = createKubeStoreDouble(clock.date);
    let answerLate = false;
    const after = (): Promise<void> | undefined => (answerLate ? clock.sleep(11_000) : undefined);
    const leader = stand("a", clock, store.client({ after }));
    await clock.advance(1_900);
    answerLate = true;
    await clock.advance(30_000);
    expect([leader.isLeader(), leader.lostAt]).toEqual([false, 10_000]);
  });

  test("who takes its time from another clock is not followed too early: only change is looked at", async () => {
    const clock = createTestClock();
    const store = createKubeStoreDouble(clock.date);
    const hourAhead = { ...clock, date: () => new Date(clock.date().getTime() - 3_600_000) };
    const leader = stand("a", hourAhead as TestClock, store.client());
    const other = stand("b", clock, store.client());
    await clock.advance(60_000);
    expect([leader.isLeader(), other.electedAt]).toEqual([true, undefined]);
  });

  test("stopped, it gives the Lease back, and another leads within 3 s with a greater fence", async () => {
    const clock = createTestClock();
    const store = createKubeStoreDouble(clock.date);
    const first = stand("a", clock, store.client());
    await clock.advance(3_000);
    const second = stand("b", clock, store.client());
    await clock.advance(10_000);
    const fence = first.fence();
    first.stop.abort(new Error("stop"));
    await settle();
    expect([first.isLeader(), first.ended, first.lostAt]).toEqual([false, true, undefined]);
    expect(leaseOf(store)?.spec).toMatchObject({ holderIdentity: "", leaseDurationSeconds: 1 });
    await clock.advance(3_000);
    expect(second.fence()).toBe(fence + 1);
  });

  test("the fence grows with each leadership, also of the same process after it gave the Lease back", async () => {
    const clock = createTestClock();
    const store = createKubeStoreDouble(clock.date);
    const fences: number[] = [];
    for (let n = 0; n < 3; n++) {
      const candidate = stand("a", clock, store.client());
      await clock.advance(3_000);
      fences.push(candidate.fence());
      candidate.stop.abort(new Error("stop"));
      await clock.advance(0);
    }
    expect(fences.map((fence) => fence - (fences[0] ?? 0))).toEqual([0, 1, 2]);
  });

  test("the fence also grows over a Lease that was deleted, and the leader goes on under it", async () => {
    const clock = createTestClock();
    const store = createKubeStoreDouble(clock.date);
    const first = stand("a", clock, store.client());
    await clock.advance(0);
    first.stop.abort(new Error("stop"));
    await clock.advance(0);
    const leader = stand("b", clock, store.client());
    await clock.advance(5_000);
    const fence = leader.fence();
    store.remove("operator");
    await clock.advance(5_000);
    expect(leaseOf(store)?.spec?.leaseTransitions).toBe(0);
    expect(leader.fence()).toBeGreaterThan(fence);
    expect(Number.isSafeInteger(leader.fence())).toBe(true);
  });

  test("a number that was written under without this Lease is exceeded, and so is the number of every holder before", async () => {
    const clock = createTestClock();
    const store = createKubeStoreDouble(clock.date);
    // As it is after a while without an election: far above what the Lease makes.
    const floor = (Date.parse("2026-05-01T00:00:00Z") / 1000) * 2 ** 20;
    const fences: number[] = [];
    // None, made with one, none again, one that is lower, a higher one, and over a Lease that was deleted.
    for (const given of [0, floor, 0, 7, floor + 100, floor + 50]) {
      if (fences.length === 5) store.remove("operator");
      const candidate = stand(`n${fences.length}`, clock, store.client(), () => given);
      await clock.advance(9_000);
      expect(candidate.fence()).toBeGreaterThan(given);
      fences.push(candidate.fence());
      candidate.stop.abort(new Error("stop"));
      await clock.advance(0);
    }
    expect(fences.slice(1, 5)).toEqual([floor + 1, floor + 2, floor + 3, floor + 101]);
    expect(fences[5]).toBe(floor + 51);
  });

  test("a number on the Lease that is no number, or less than what the Lease makes, means nothing", async () => {
    for (const stated of ["soon", "1e400", "7", ""]) {
      const clock = createTestClock();
      const store = createKubeStoreDouble(clock.date);
      const metadata = { name: "operator", annotations: { "chat.sendsar.com/fence": stated } };
      await store
        .client()
        .create({ apiVersion: "", kind: "", plural: "" }, { apiVersion: "", kind: "", metadata } as Lease);
      const candidate = stand("a", clock, store.client());
      await clock.advance(1_000);
      expect(candidate.fence()).toBe((Date.parse("2026-01-01T00:00:00Z") / 1000) * 2 ** 20 + 1);
    }
  });

  test("who finds another holder in its Lease has lost at once", async () => {
    const clock = createTestClock();
    const store = createKubeStoreDouble(clock.date);
    const leader = stand("a", clock, store.client());
    await clock.advance(1_000);
    const lease = leaseOf(store) as Lease;
    await store.client().replace({ apiVersion: "", kind: "", plural: "" }, {
      ...lease,
      spec: { ...lease.spec, holderIdentity: "z" },
    } as Lease);
    await clock.advance(2_000);
    expect([leader.isLeader(), leader.lostAt, leader.ended]).toEqual([false, 2_000, true]);
  });

  test("a Lease that was taken although the answer was lost is found to be its own", async () => {
    const clock = createTestClock();
    const store = createKubeStoreDouble(clock.date);
    let lose = true;
    const after = ({ verb }: { readonly verb: string }): void => {
      if (verb !== "create" || !lose) return;
      lose = false;
      throw new KubeUnreachable("lost");
    };
    const candidate = stand("a", clock, store.client({ after }));
    await clock.advance(2_000);
    expect([candidate.isLeader(), store.writes.map(({ verb }) => verb)]).toEqual([true, ["create", "replace"]]);
    expect(leaseOf(store)?.spec?.leaseTransitions).toBe(0);
  });

  test("errors are told, conflicts are not", async () => {
    const clock = createTestClock();
    const store = createKubeStoreDouble(clock.date);
    const failing = stand("a", clock, store.client({ before: () => Promise.reject(new KubeUnreachable("down")) }));
    await clock.advance(2_500);
    expect(failing.errors.length).toBeGreaterThanOrEqual(2);
    expect(failing.errors[0]).toBeInstanceOf(KubeUnreachable);
    const both = [stand("b", clock, store.client()), stand("c", clock, store.client())];
    await clock.advance(1_000);
    expect(both.map((one) => one.isLeader())).toContain(true);
    expect(both.flatMap((one) => one.errors)).toEqual([]);
  });
});
