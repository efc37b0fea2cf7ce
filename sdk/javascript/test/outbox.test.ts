import { describe, expect, test } from "vitest";
import { SendsarError } from "../src/errors.ts";
import { entryAgeMsMax } from "../src/outbox-machine.ts";
import type { Message } from "../src/wire.ts";
import { failureOf } from "./failure-of.ts";
import { toMessage } from "./test-message.ts";
import { settle } from "./test-clock.ts";
import { apiUrl, createPage, noAnswer, withStatus } from "./test-page.ts";

describe("a message", () => {
  test("[OB2] is tried with the same id until it is stored, and stored once", async () => {
    const page = createPage();
    page.login();
    page.fates.push("lost", noAnswer, withStatus(503));
    const sent = page.add("m");
    await page.clock.advance(10_000);
    expect(await sent).toMatchObject({ clientMessageId: "m", seq: 1 });
    expect(page.posts).toEqual(["m", "m"]);
    expect(page.server.size).toBe(1);
    expect([page.states(), page.storage.texts.size, page.clock.pending()]).toEqual([[], 0, 0]);
  });

  test("[OB3] waits longer each time, up to a limit, and as long as the server asks", async () => {
    const page = createPage();
    const startsMs: number[] = [];
    page.outbox.start(() => {
      startsMs.push(page.clock.now());
      return Promise.reject(startsMs.length === 7 ? withStatus(429, 60_000) : noAnswer);
    });
    page.outbox.open(apiUrl, "ann");
    void failureOf(page.add("m"));
    await page.clock.advance(110_000);
    const delays = startsMs.slice(1).map((startMs, index) => startMs - (startsMs[index] ?? 0));
    expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 60_000, 15_000]);
  });

  test.for([
    ["[OB3]", [408, 425, 429, 502, 503, 504], "pending"],
    ["[OB4]", [400, 401, 403, 404, 409, 413, 422], "failed"],
    ["[OB5]", [500, 501, 200], "pending"],
  ] as const)("%s statuses %o leave it %s", async ([_rule, statuses, state]) => {
    for (const status of statuses) {
      const page = createPage();
      page.login();
      page.fates.push(withStatus(status));
      void failureOf(page.add("m"));
      await settle();
      expect([status, ...page.states()]).toEqual([status, `m ${state}`]);
    }
  });

  test("[OB4] that is refused rejects, and the next one of its room goes", async () => {
    const page = createPage();
    page.login();
    page.fates.push(withStatus(403));
    const [first, second] = [page.add("m"), page.add("n")];
    expect(await failureOf(first)).toMatchObject({ status: 403 });
    expect(await second).toMatchObject({ clientMessageId: "n" });
    expect(page.outbox.entries).toMatchObject([{ clientMessageId: "m", state: "failed", error: { status: 403 } }]);
  });

  test.for([
    [{ code: "session_unavailable", status: 403 }, "failed"],
    [{ code: "invalid_session" }, "failed"],
    [{ code: "session_unavailable", status: 404 }, "pending"],
    [{ code: "session_unavailable" }, "pending"],
    [{ code: "timeout" }, "pending"],
  ] as const)("[OB4] a session or an answer that is not to be had, %o, leaves it %s", async ([details, state]) => {
    const page = createPage();
    page.login();
    page.fates.push(new SendsarError("no", details));
    void failureOf(page.add("m"));
    await settle();
    expect(page.states()).toEqual([`m ${state}`]);
  });

  test("a defect fails it, instead of being repeated for a day", async () => {
    const page = createPage();
    page.login();
    page.fates.push(new TypeError("a bug is no outage") as SendsarError);
    expect(await failureOf(page.add("m"))).toMatchObject({ message: "unable to send message; a bug is no outage" });
  });

  test("[OB6] is out as soon as its own event comes, whatever the tries say", async () => {
    const page = createPage();
    page.login();
    page.fates.push("lost", "lost", withStatus(403));
    const [sent, next] = [page.add("m"), page.add("n")];
    await settle();
    expect(page.states()).toEqual(["m pending", "n pending"]);
    const stranger = { ...(page.server.get("m") as Message), senderId: "bob" };
    page.outbox.hear(stranger);
    expect(page.states()).toEqual(["m pending", "n pending"]);
    page.outbox.hear(page.server.get("m") as Message);
    expect(await sent).toMatchObject({ clientMessageId: "m" });
    await page.clock.advance(10_000);
    expect(await next).toMatchObject({ clientMessageId: "n" });
    expect([page.posts, page.clock.pending()]).toEqual([["m", "n", "n"], 0]);
  });

  test("[OB6] that failed and turns out to be stored is not shown as failed any more", async () => {
    const page = createPage();
    page.login();
    page.fates.push(withStatus(403));
    await failureOf(page.add("m"));
    page.outbox.hear(toMessage(1, "r1", "ann", { clientMessageId: "m" }));
    expect([page.states(), page.storage.texts.size]).toEqual([[], 0]);
  });

  test("[OB8] that was rejected goes again only when somebody says so", async () => {
    const page = createPage();
    page.login();
    page.fates.push(withStatus(403), withStatus(403));
    await failureOf(page.add("m"));
    page.outbox.hurry();
    await page.clock.advance(entryAgeMsMax);
    const reloaded = createPage(page);
    reloaded.login();
    await settle();
    expect([page.posts, reloaded.posts]).toEqual([["m"], []]);
    expect(await failureOf(page.outbox.retry("m"))).toMatchObject({ status: 403 });
    expect(await page.add("m")).toMatchObject({ clientMessageId: "m" });
    expect(page.posts).toEqual(["m", "m", "m"]);
  });

  test("sent twice with one id while it is on its way is one message", async () => {
    const page = createPage();
    page.login();
    const [first, second] = [page.add("m"), page.add("m")];
    expect(await first).toBe(await second);
    expect(page.posts).toEqual(["m"]);
  });

  test("that is not in the outbox cannot be tried again, and giving it up does nothing", async () => {
    const page = createPage();
    page.login();
    expect(await failureOf(page.outbox.retry("m"))).toMatchObject({ code: "not_in_outbox" });
    page.outbox.discard("m");
    expect(page.changes).toEqual([]);
  });

  test("that is given up is out of the list and the storage, and whoever waits is told", async () => {
    const page = createPage();
    page.login();
    page.fates.push(noAnswer);
    const failure = failureOf(page.add("m"));
    await settle();
    page.outbox.discard("m");
    expect((await failure).message).toBe("unable to send message; it was discarded");
    expect([page.states(), page.storage.texts.size, page.clock.pending()]).toEqual([[], 0, 0]);
  });
});

describe("around it", () => {
  test("[OB15] every change of the list is told, with the list", async () => {
    const page = createPage();
    page.login();
    page.fates.push(noAnswer, withStatus(403));
    void failureOf(page.add("m"));
    await page.clock.advance(1000);
    page.outbox.discard("m");
    expect(page.changes).toEqual(["m pending", "m failed", ""]);
    expect(page.outbox.entries).toBe(page.outbox.entries);
    expect(Object.isFrozen(page.outbox.entries)).toBe(true);
  });

  test("[OB16] a connection that is up again cuts the delays short", async () => {
    const page = createPage();
    page.login();
    page.fates.push(noAnswer, noAnswer);
    const sent = [page.add("m", "r1"), page.add("n", "r2")];
    await settle();
    expect(page.clock.pending()).toBe(2);
    page.outbox.hurry();
    expect(await Promise.all(sent)).toHaveLength(2);
    expect(page.clock.pending()).toBe(0);
  });

  test("[OB14] another login of the same user goes on, and what the first one's tries say is late", async () => {
    const page = createPage();
    let refuse: (error: Error) => void = () => {};
    page.outbox.start(() => new Promise((_resolve, reject) => (refuse = reject)));
    page.outbox.open(apiUrl, "ann");
    const sent = page.add("m");
    await settle();
    page.outbox.start(page.post);
    expect(page.posts).toEqual([]);
    refuse(withStatus(401));
    await settle();
    expect(page.states()).toEqual(["m pending"]);
    page.outbox.open(apiUrl, "ann");
    expect(await sent).toMatchObject({ clientMessageId: "m" });
  });
});
