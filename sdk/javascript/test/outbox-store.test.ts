import { describe, expect, test } from "vitest";
import { SendsarError } from "../src/errors.ts";
import { entryAgeMsMax } from "../src/outbox-machine.ts";
import { findPageStorage, keptMsMax } from "../src/outbox-store.ts";
import { Outbox, bytesMax, entriesMax } from "../src/outbox.ts";
import { failureOf } from "./failure-of.ts";
import { createTestClock, settle } from "./test-clock.ts";
import { apiUrl, createPage, noAnswer, withStatus } from "./test-page.ts";

describe("the storage", () => {
  test("[OB10] a reload finds what is unsent, and sends it before newer messages of its room", async () => {
    const page = createPage();
    page.login();
    page.fates.push(noAnswer);
    void page.add("m");
    void page.add("n");
    await settle();
    // A browser lists its keys in any order.
    const [first = ["", ""], ...rest] = [...page.storage.texts];
    page.storage.texts.clear();
    for (const [key, text] of [...rest, first]) page.storage.texts.set(key, text);
    const reloaded = createPage({ clock: page.clock, storage: page.storage });
    void reloaded.add("o");
    reloaded.login();
    expect(reloaded.states()).toEqual(["m pending", "n pending", "o pending"]);
    expect(reloaded.outbox.entries.map(({ isStored }) => isStored)).toEqual([true, true, true]);
    await settle();
    expect(reloaded.posts).toEqual(["m", "n", "o"]);
    expect([reloaded.states(), page.storage.texts.size]).toEqual([[], 0]);
  });

  test("[OB10] a reload finds what has failed, with its reason", async () => {
    const page = createPage();
    page.login();
    page.fates.push(new SendsarError("Sendsar failed", { code: "room_frozen", reason: "frozen", status: 403 }));
    await failureOf(
      page.outbox.add("r1", { clientMessageId: "m", parts: [{ type: "x", deep: [1] }], parentMessageId: "p" }),
    );
    const reloaded = createPage(page);
    reloaded.login();
    const error = expect.objectContaining({ message: "Sendsar failed", code: "room_frozen", reason: "frozen" });
    expect(reloaded.outbox.entries).toEqual([{ ...page.outbox.entries[0], error }]);
    await page.clock.advance(keptMsMax + 1);
    const muchLater = createPage(page);
    muchLater.login();
    expect([muchLater.states(), page.storage.texts.size]).toEqual([[], 0]);
  });

  test("[OB7] a message that waited for more than a day is reported as failed, and not sent", async () => {
    const page = createPage();
    page.login();
    page.fates.push(noAnswer);
    void page.add("m");
    await settle();
    const clock = createTestClock(page.clock.now() + entryAgeMsMax + 1);
    const reloaded = createPage({ clock, storage: page.storage });
    reloaded.login();
    await settle();
    expect(reloaded.posts).toEqual([]);
    expect(reloaded.outbox.entries).toMatchObject([{ state: "failed", error: { code: "expired" } }]);
    expect(reloaded.changes.at(-1)).toBe("m failed");
    expect(await reloaded.outbox.retry("m")).toMatchObject({ clientMessageId: "m" });
  });

  test("[OB9] a user finds the own messages only, and those of another gateway are not sent to this one", async () => {
    const page = createPage();
    page.login();
    page.fates.push(noAnswer);
    void page.add("m");
    await settle();
    const other = createPage({ storage: page.storage });
    other.login("bob");
    other.outbox.start(other.post);
    other.outbox.open("https://other.example.com/v1", "ann");
    await settle();
    expect([other.states(), other.posts]).toEqual([[], []]);
    const own = createPage({ storage: page.storage, clock: page.clock });
    own.login();
    expect(own.states()).toEqual(["m pending"]);
  });

  test("[OB12] one that is full keeps nothing, and the message is sent all the same", async () => {
    const page = createPage();
    page.login();
    page.storage.isFull = true;
    page.fates.push(noAnswer);
    const sent = page.add("m");
    expect(page.outbox.entries).toMatchObject([{ clientMessageId: "m", isStored: false }]);
    await page.clock.advance(1000);
    expect(await sent).toMatchObject({ clientMessageId: "m" });
  });

  test("[OB12] rubbish in it is removed, and what others keep there is left alone", () => {
    const page = createPage();
    void page.add("m");
    page.login();
    const [key = ""] = page.storage.texts.keys();
    const own = key.replace(/m$/, "");
    const rubbish = [
      "",
      "null",
      "[]",
      "{",
      '{"roomId":1}',
      '{"roomId":"r1","parts":{},"createdAtMs":1}',
      '{"roomId":"r1","parts":[]}',
    ];
    page.storage.texts.clear();
    for (const [index, text] of rubbish.entries()) page.storage.texts.set(`${own}x${index}`, text);
    page.storage.texts.set("theme", "dark");
    page.storage.texts.set(key.replace("/1/", "/2/"), "another version");
    const reloaded = createPage(page);
    reloaded.login();
    expect(reloaded.states()).toEqual([]);
    expect([...page.storage.texts.values()]).toEqual(["dark", "another version"]);
  });

  test("[OB12] where there is no page there is no storage of it, and an outbox without one forgets", () => {
    expect(findPageStorage()).toBeUndefined();
    const outbox = new Outbox({ ...createTestClock(), random: () => 0 }, undefined, () => {});
    outbox.open(apiUrl, "ann");
    void failureOf(outbox.add("r1", { clientMessageId: "m", parts: [] }));
    expect(outbox.entries).toMatchObject([{ isStored: false }]);
  });

  test("[OB13] disconnect takes out what somebody waits for, and leaves what was left from before", async () => {
    const page = createPage();
    page.login();
    page.fates.push(noAnswer);
    void page.add("m");
    await settle();
    const reloaded = createPage(page);
    reloaded.fates.push(noAnswer, withStatus(403));
    reloaded.login();
    await settle();
    const failure = failureOf(reloaded.add("n", "r2"));
    await settle();
    reloaded.fates.push(noAnswer);
    const waiting = failureOf(reloaded.add("p", "r3"));
    await settle();
    reloaded.outbox.end("disconnect() was called");
    expect(await failure).toMatchObject({ status: 403 });
    expect(await waiting).toMatchObject({ code: "aborted" });
    expect([reloaded.states(), reloaded.clock.pending()]).toEqual([[], 1]);
    const next = createPage(page);
    next.login();
    expect(next.states().sort()).toEqual(["m pending", "n failed"]);
  });

  test("[OB11] too many and too much is refused; failed messages make room", async () => {
    const page = createPage();
    const big = "x".repeat(bytesMax / 4);
    page.login();
    page.fates.push(withStatus(403), noAnswer);
    await failureOf(page.add("m", "r1", big));
    void page.add("n1", "r1", big);
    void page.add("n2", "r1", big);
    expect(page.states()).toHaveLength(3);
    void page.add("n3", "r1", big);
    expect(page.states()).toEqual(["n1 pending", "n2 pending", "n3 pending"]);
    expect(await failureOf(page.add("n4", "r1", big))).toMatchObject({ code: "too_many_pending" });
    const many = createPage();
    for (let count = 0; count < entriesMax; count += 1) void many.add(`m${count}`);
    expect(await failureOf(many.add("n"))).toMatchObject({ code: "too_many_pending" });
  });
});
