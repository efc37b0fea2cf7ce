import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import type { WatchEvent } from "../../src/kube/kube-client.ts";
import { KubeUnreachable } from "../../src/kube/kube-error.ts";
import type { KubeObject } from "../../src/kube/kube-object.ts";
import type { WatchStreamOptions } from "../../src/kube/watch-stream.ts";
import { readWatchStream } from "../../src/kube/watch-stream.ts";
import type { TestClock } from "./test-clock.ts";
import { createTestClock, settle } from "./test-clock.ts";

interface Scene {
  readonly body: PassThrough;
  readonly clock: TestClock;
  readonly stop: AbortController;
  readonly events: WatchEvent<KubeObject>[];
  /** What it ended with: undefined for the end of the body. */
  readonly ended: Promise<unknown>;
}

const read = (options: Partial<WatchStreamOptions> = {}): Scene => {
  const body = new PassThrough();
  const clock = createTestClock();
  const stop = new AbortController();
  const events: WatchEvent<KubeObject>[] = [];
  const stream = { clock, signal: stop.signal, operation: "watch pods", lineBytesMax: 1000, silenceMsMax: 60_000 };
  const readAll = async (): Promise<void> => {
    for await (const event of readWatchStream(body, { ...stream, ...options })) events.push(event);
  };
  const ended = readAll().then(
    () => undefined,
    (error: unknown) => error,
  );
  return { body, clock, stop, events, ended };
};
const added = (name: string): object => ({ type: "ADDED", object: { metadata: { name } } });

describe("the stream of a watch", () => {
  test("is cut into events wherever its packets are, also in the middle of a letter", async () => {
    const { body, events, ended } = read();
    const bytes = Buffer.from(["ä", "ö", "€"].map((name) => `${JSON.stringify(added(name))}\n`).join("\n"));
    for (const byte of bytes) body.write(Buffer.of(byte));
    body.end();
    expect(await ended).toBeUndefined();
    expect(events).toEqual([added("ä"), added("ö"), added("€")]);
  });

  test("many events of one packet are all there; what is cut off at the end is none", async () => {
    const { body, events, ended } = read();
    const lines = Array.from({ length: 500 }, (_, n) => JSON.stringify(added(`p${n}`)));
    body.end(`${lines.join("\n")}\n{"type":"ADD`);
    expect(await ended).toBeUndefined();
    expect(events.length).toBe(500);
  });

  test("tells bookmarks and errors as what they are, and nothing that it does not know or that says nothing", async () => {
    const { body, events, ended } = read();
    const bookmark = (metadata: object): object => ({ type: "BOOKMARK", object: { metadata } });
    const error = { type: "ERROR", object: { kind: "Status", code: 410, message: "too old" } };
    const lines = [
      bookmark({ resourceVersion: "7" }),
      bookmark({}),
      { type: "NEW", object: {} },
      error,
      { type: "ERROR" },
    ];
    body.end(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    await ended;
    expect(events).toEqual([
      { type: "BOOKMARK", resourceVersion: "7" },
      { type: "ERROR", status: 410, message: "too old" },
      { type: "ERROR", status: 500, message: "no reason given" },
    ]);
  });

  test("E3: a body that breaks off is KubeUnreachable", async () => {
    const { body, ended } = read();
    body.destroy(new Error("terminated"));
    const error = await ended;
    expect(error).toBeInstanceOf(KubeUnreachable);
    expect(String(error)).toBe("KubeUnreachable: unable to watch pods; the connection broke");
  });

  test("what is no JSON, and an event that is too big, end it", async () => {
    const noJson = read();
    noJson.body.write("<html>\n");
    expect(String(await noJson.ended)).toContain("what came is no JSON");
    const tooBig = read();
    tooBig.body.write("x".repeat(1001));
    expect(String(await tooBig.ended)).toContain("an event has more than 1000 bytes");
    expect([noJson.body.destroyed, tooBig.body.destroyed]).toEqual([true, true]);
  });

  test("§5.3 half-open: without a byte for so long it is given up; any byte counts", async () => {
    const { body, clock, events, ended } = read();
    for (let n = 0; n < 5; n++) {
      await clock.advance(59_000);
      body.write("\n");
      await settle();
    }
    expect(body.destroyed).toBe(false);
    await clock.advance(60_000);
    expect(String(await ended)).toContain("nothing was heard for 60000 ms");
    expect(events).toEqual([]);
    expect(clock.sleeps).toEqual([]);
  });

  test("E8: aborted, it throws the signal's reason and leaves nothing behind", async () => {
    const { body, clock, stop, ended } = read();
    const reason = new Error("stop");
    await settle();
    stop.abort(reason);
    expect(await ended).toBe(reason);
    expect([body.destroyed, clock.sleeps]).toEqual([true, []]);
  });

  test("E9: aborted before it began, it reads nothing", async () => {
    const body = new PassThrough();
    body.write(`${JSON.stringify(added("p"))}\n`);
    const stream = { clock: createTestClock(), operation: "watch pods", lineBytesMax: 1000, silenceMsMax: 60_000 };
    const events = readWatchStream(body, { ...stream, signal: AbortSignal.abort(new Error("stop")) });
    await expect(events.next()).rejects.toThrow("stop");
    expect(body.destroyed).toBe(true);
  });
});
