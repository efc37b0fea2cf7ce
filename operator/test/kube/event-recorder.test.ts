import { describe, expect, test } from "vitest";
import type { WritingEventRecorder } from "../../src/kube/create-event-recorder.ts";
import { createEventRecorder } from "../../src/kube/create-event-recorder.ts";
import type { RecordedEvent } from "../../src/kube/event-recorder.ts";
import { KubeError, KubeUnreachable } from "../../src/kube/kube-error.ts";
import type { KubeEvent } from "../../src/kube/kube-event.ts";
import type { KubeObject } from "../../src/kube/kube-object.ts";
import type { Call, KubeStoreDouble } from "./kube-client-double.ts";
import { createKubeStoreDouble } from "./kube-client-double.ts";
import type { TestClock } from "./test-clock.ts";
import { createTestClock, settle } from "./test-clock.ts";

const tenant = (name = "acme"): KubeObject => ({
  apiVersion: "chat.sendsar.com/v1alpha1",
  kind: "Tenant",
  metadata: { name, namespace: "chat", uid: `uid-of-${name}`, resourceVersion: "7" },
});
const rotated: RecordedEvent = { type: "Normal", reason: "ApiKeyRotated", message: "the key is another one now" };

interface Scene {
  readonly clock: TestClock;
  readonly store: KubeStoreDouble;
  readonly recorder: WritingEventRecorder;
  readonly errors: unknown[];
  events(): readonly KubeEvent[];
}

const open = (faults: Parameters<KubeStoreDouble["client"]>[0] = {}, clock = createTestClock()): Scene => {
  const store = createKubeStoreDouble(clock.date);
  return { ...join(store, clock, faults), store };
};
const join = (
  store: KubeStoreDouble,
  clock: TestClock,
  faults: Parameters<KubeStoreDouble["client"]>[0] = {},
): Scene => {
  const errors: unknown[] = [];
  const recorder = createEventRecorder({
    client: store.client(faults),
    clock,
    controller: "chat.sendsar.com/operator",
    instance: "operator-1",
    onError: (error) => errors.push(error),
  });
  return { clock, store, recorder, errors, events: () => [...store.objects.values()] as KubeEvent[] };
};

describe("an event recorder", () => {
  test("writes an Event of events.k8s.io/v1 with all that the API asks for", async () => {
    const { recorder, events } = open();
    recorder.record(tenant(), rotated);
    await recorder.flushed();
    expect(events()).toMatchObject([
      {
        apiVersion: "events.k8s.io/v1",
        kind: "Event",
        metadata: { name: expect.stringMatching(/^acme\.[0-9a-f]{16}$/), namespace: "chat" },
        type: "Normal",
        reason: "ApiKeyRotated",
        action: "Reconcile",
        note: "the key is another one now",
        eventTime: "2026-01-01T00:00:00.000000Z",
        regarding: { kind: "Tenant", name: "acme", namespace: "chat", uid: "uid-of-acme" },
        reportingController: "chat.sendsar.com/operator",
        reportingInstance: "operator-1",
      },
    ]);
    expect(events()[0]).not.toHaveProperty("series");
  });

  test("pitfall 22: the same again counts on the Event that is there, after a restart and from another process too", async () => {
    const { clock, store, recorder, events } = open();
    for (let n = 0; n < 3; n++) {
      recorder.record(tenant(), rotated);
      await recorder.flushed();
      await clock.advance(60_000);
    }
    const other = join(store, clock);
    other.recorder.record(tenant(), rotated);
    await other.recorder.flushed();
    expect(events().length).toBe(1);
    expect(events()[0]?.series).toEqual({ count: 4, lastObservedTime: "2026-01-01T00:03:00.000000Z" });
  });

  test("pitfall 22: what repeats while it waits is written once", async () => {
    const { store, recorder, events } = open();
    for (let n = 0; n < 10; n++) recorder.record(tenant(), rotated);
    await recorder.flushed();
    expect(events()[0]?.series?.count ?? 1).toBe(10);
    expect(store.writes.length).toBeLessThanOrEqual(2);
  });

  test("other words, another reason and another object are other Events", async () => {
    const { recorder, events } = open();
    recorder.record(tenant(), rotated);
    recorder.record(tenant(), { ...rotated, message: "again" });
    recorder.record(tenant(), { ...rotated, reason: "ApiKeyRevoked" });
    recorder.record(tenant("other"), rotated);
    await recorder.flushed();
    expect(events().length).toBe(4);
  });

  test("pitfall 21: when the answer of a create is lost there is still one Event", async () => {
    let lost = 1;
    const after = ({ verb }: Call): void => {
      if (verb === "create" && lost-- > 0) throw new KubeUnreachable("lost");
    };
    const { clock, recorder, events, errors } = open({ after });
    recorder.record(tenant(), rotated);
    await clock.advance(60_000);
    expect([events().length, errors, recorder.dropped]).toEqual([1, [], 0]);
  });

  test("pitfall 21: two processes that tell the same at the same moment count on one Event", async () => {
    const { clock, store, recorder, events } = open({
      async before({ verb }) {
        if (verb !== "create" || store.objects.size > 0) return;
        const other = join(store, clock);
        other.recorder.record(tenant(), rotated);
        await other.recorder.flushed();
      },
    });
    recorder.record(tenant(), rotated);
    await clock.advance(10_000);
    expect(events().map(({ series }) => series?.count)).toEqual([2]);
    expect(recorder.dropped).toBe(0);
  });

  test("25 of an object at once, then one in 5 minutes; the others are counted as dropped, other objects are not hindered", async () => {
    const { clock, recorder, events } = open();
    const tell = (n: number): void => recorder.record(tenant(), { ...rotated, message: `message ${n}` });
    for (let n = 0; n < 40; n++) tell(n);
    recorder.record(tenant("other"), rotated);
    await recorder.flushed();
    expect([events().length, recorder.dropped]).toEqual([26, 15]);
    await clock.advance(300_000);
    tell(100);
    tell(101);
    await recorder.flushed();
    expect([events().length, recorder.dropped]).toEqual([27, 16]);
  });

  test("1000 different ones may wait while there is no answer; it never waits for them", async () => {
    const { recorder } = open({ before: () => new Promise<void>(() => undefined) });
    for (let n = 0; n < 1100; n++) recorder.record(tenant(`t${n}`), rotated);
    await settle();
    // One of them is being written.
    expect(recorder.dropped).toBe(99);
  });

  test("the API down for a minute loses none; one that is never answered is dropped and told", async () => {
    let isDown = true;
    const before = (): void => {
      if (isDown) throw new KubeUnreachable("down");
    };
    const { clock, recorder, events, errors } = open({ before });
    recorder.record(tenant(), rotated);
    await clock.advance(60_000);
    isDown = false;
    await clock.advance(60_000);
    expect([events().length, recorder.dropped]).toEqual([1, 0]);
    isDown = true;
    recorder.record(tenant("other"), rotated);
    await clock.advance(600_000);
    expect([recorder.dropped, errors.length]).toEqual([1, 1]);
  });

  test("one that is refused is dropped and told at once, and the next one is written", async () => {
    const before = ({ name }: Call): void => {
      if (name.startsWith("bad")) throw new KubeError("no", { status: 403 });
    };
    const { recorder, events, errors } = open({ before });
    recorder.record(tenant("bad"), rotated);
    recorder.record(tenant("good"), rotated);
    await recorder.flushed();
    expect([recorder.dropped, errors.length, events().length]).toEqual([1, 1, 1]);
  });

  test("a text that is too long for the API is shortened, by bytes", async () => {
    const { recorder, events } = open();
    recorder.record(tenant("x".repeat(253)), { ...rotated, message: "ü".repeat(3000) });
    await recorder.flushed();
    expect(Buffer.byteLength(events()[0]?.note ?? "")).toBe(1024);
    expect(events()[0]?.metadata.name.length).toBeLessThanOrEqual(253);
  });

  test("disposed, it writes what waits; what gets no answer within 5 s is dropped, and nothing more is taken", async () => {
    const written = open();
    written.recorder.record(tenant(), rotated);
    await written.recorder[Symbol.asyncDispose]();
    expect(written.events().length).toBe(1);
    written.recorder.record(tenant(), rotated);
    expect(written.recorder.dropped).toBe(1);

    const down = open({ before: () => Promise.reject(new KubeUnreachable("down")) });
    down.recorder.record(tenant("a"), rotated);
    down.recorder.record(tenant("b"), rotated);
    await settle();
    const disposed = down.recorder[Symbol.asyncDispose]();
    await down.clock.advance(5_000);
    await disposed;
    await settle();
    expect([down.recorder.dropped, down.clock.sleeps]).toEqual([2, []]);
  });
});
