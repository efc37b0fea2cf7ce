import { setTimeout as wait } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import { runOn } from "../../scripts/testing/test-server.ts";
import type { Subject } from "./fixtures/adapter-subjects.ts";
import { createBare, createGuarded, inversions, upTo } from "./fixtures/adapter-subjects.ts";

// What gets lost, late or out of order on its way between nodes: each scenario runs on the bare adapter, where it shows
// the defect, and on our gateways, where it does not (docs/decisions/0005-guarded-adapter.md).

/** Waits until a subject has heard so many, or for long enough to say that it never will. */
const settled = async (subject: Subject, count: number, msMax = 8000): Promise<readonly number[]> => {
  await vi.waitFor(() => expect(subject.heard.length).toBeGreaterThanOrEqual(count), msMax).catch(() => undefined);
  return subject.heard;
};

test("AD03 what is said while a node does not listen is lost for good", async () => {
  const scenario = async (subject: Subject) => {
    let n = 0;
    for (; n < 10; n++) await subject.say(n);
    await settled(subject, 10);
    await subject.breakListening();
    for (; n < 40; n++) await subject.say(n);
    // Whoever lost something hears again by then.
    for (; subject.heard.at(-1) !== n - 1; n++) {
      await subject.say(n);
      await wait(50);
    }
    return { said: upTo(n), heard: [...subject.heard] };
  };
  await using bare = await createBare({ survives: true });
  const lossy = await scenario(bare);
  expect(lossy.heard.length).toBeLessThan(lossy.said.length - 20);

  await using guarded = await createGuarded();
  const { said } = await scenario(guarded);
  expect(await settled(guarded, said.length)).toEqual(said);
});

test("AD04 what one node says in order is heard in another order", async () => {
  const scenario = async (subject: Subject, count: number) => {
    await Promise.all(upTo(count).map((n) => subject.say(n)));
    return await settled(subject, count);
  };
  await using bare = await createBare();
  const heard = await scenario(bare, 1000);
  expect(heard).toHaveLength(1000);
  expect(inversions(heard)).toBeGreaterThan(0);

  // Requests that run at the same time have no order among themselves; the room's order is that of `seq`.
  await using guarded = await createGuarded();
  await scenario(guarded, 200);
  for (let n = 200; n < 300; n++) await guarded.say(n);
  expect((await settled(guarded, 300)).slice(200)).toEqual(upTo(300).slice(200));
});

test("AD05 something large is overtaken by something small", async () => {
  const scenario = async (subject: Subject) => {
    for (let n = 0; n < 20; n += 2) {
      const both = [subject.say(n, "x".repeat(9500))];
      if (subject.name === "guarded") await both[0];
      both.push(subject.say(n + 1));
      await Promise.all(both);
    }
    return await settled(subject, 20);
  };
  let inverted = 0;
  // Which of two ways is faster is a matter of chance, more so on a busy machine.
  for (let attempt = 0; attempt < 5 && inverted === 0; attempt++) {
    await using bare = await createBare();
    inverted = inversions(await scenario(bare));
  }
  expect(inverted).toBeGreaterThan(0);

  await using guarded = await createGuarded();
  expect(await scenario(guarded)).toEqual(upTo(20));
});

test("AD06 a notification of exactly 8,000 bytes is lost", async () => {
  const scenario = async (subject: Subject, sizes: readonly number[]) => {
    for (const [n, size] of sizes.entries()) await subject.say(n, "x".repeat(size));
    await settled(subject, sizes.length, 3000);
    return sizes.filter((_, n) => !subject.heard.includes(n));
  };
  const around = (size: number, by: number): number[] => Array.from({ length: 2 * by + 1 }, (_, n) => size - by + n);
  await using bare = await createBare();
  // Around the text is about 160 bytes of envelope.
  expect(await scenario(bare, around(7840, 40))).toHaveLength(1);

  await using guarded = await createGuarded();
  const sizes = [
    ...around(3300, 20),
    ...around(3600, 20),
    ...around(7000, 20),
    ...around(7500, 20),
    ...around(8000, 20),
  ];
  expect(await scenario(guarded, sizes)).toEqual([]);
});

test("AD07 nobody learns that something could not be said", async () => {
  const scenario = async (subject: Subject) => {
    // A server that refuses notifications, as one does whose queue of them is full: to a login of ours by its rights, to
    // the bare node's superuser by the name.
    await runOn(subject.database.adminUrl, "revoke execute on function pg_notify(text, text) from public");
    await runOn(subject.database.adminUrl, "alter function pg_notify(text, text) rename to pg_notify_gone");
    await subject.say(0);
    await settled(subject, 1, 4000);
    return { heard: subject.heard.length, complaints: subject.complaints.length };
  };
  await using bare = await createBare();
  expect(await scenario(bare)).toEqual({ heard: 0, complaints: 0 });

  await using guarded = await createGuarded();
  const { heard, complaints } = await scenario(guarded);
  expect(heard).toBe(1);
  expect(complaints).toBeGreaterThan(0);
});
