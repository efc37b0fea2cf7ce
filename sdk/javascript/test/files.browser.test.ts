import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { launchBrowser } from "../../../scripts/testing/browser.ts";
import { type TestGateway, startTestGateway } from "../../../scripts/testing/gateway.ts";
import { sampleFiles } from "../../../scripts/testing/sample-files.ts";
import { createTestRoom, createTestUser } from "../../../scripts/testing/test-user.ts";
import { buildSdk } from "../build.ts";
import type * as everything from "../src/global.ts";
import type { UploadProgress } from "../src/put-file.ts";
import { type Person, connect } from "./e2e-scene.ts";
import { eventually } from "./test-app.ts";
import { type TestSite, startTestSite } from "./test-site.ts";

/** What the page has on `window`. */
interface Globals {
  readonly Sendsar: typeof everything;
  chat: ReturnType<typeof everything.init>;
  /** The long waits are over soon. */
  isHurried?: boolean;
}

let browser: Browser;
let site: TestSite;
let gateway: TestGateway;
let page: Page;
let pageErrors: string[];
let bob: Person;
let roomId: string;

beforeAll(async () => {
  await buildSdk();
  [browser, site, gateway] = await Promise.all([launchBrowser(), startTestSite(), startTestGateway()]);
});
afterAll(async () => {
  await browser.close();
  await site[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});

/** A page on which Ann is connected, in a room with Bob. */
beforeEach(async () => {
  const ann = await createTestUser(gateway, gateway.a);
  bob = await connect(gateway, gateway.url);
  roomId = (await createTestRoom(gateway.a, [ann, bob])).id as string;
  page = await browser.newPage();
  pageErrors = [];
  page.on("pageerror", (error) => pageErrors.push(error.message));
  await page.goto(`${site.origin}/script.html`);
  await page.evaluate(
    async ({ apiUrl, userId, token }) => {
      const globals = globalThis as unknown as Globals;
      // Nobody stops typing by waiting.
      const setTimer = (callback: () => void, delayMs: number) => {
        if (delayMs === 2000) return () => {};
        const timer = setTimeout(callback, globals.isHurried && delayMs >= 60_000 ? 100 : delayMs);
        return () => clearTimeout(timer);
      };
      globals.chat = globals.Sendsar.init({ apiUrl }, { setTimer, random: () => 0 });
      await globals.chat.connect({ userId, token });
    },
    { apiUrl: `${gateway.url}/v1`, userId: ann.id, token: ann.token },
  );
});
afterEach(async () => {
  await page.close();
  await bob.app[Symbol.asyncDispose]();
});

/** A picture of so many bytes: what stands behind the end of a PNG is no part of it. */
const pictureOf = (sizeBytes: number): number[] => [...sampleFiles.png.bytes, ...new Uint8Array(sizeBytes)];

test("[UP1] [UP2] a page sends a picture and tells how it goes, and the other page shows it", async () => {
  const sizeBytes = pictureOf(3_000_000).length;
  const { told, sent } = await page.evaluate(
    async ({ room, head, tail }) => {
      const { Sendsar, chat } = globalThis as unknown as Globals;
      const picture = new File([new Uint8Array(head), new Uint8Array(tail)], "photo.png", { type: "image/png" });
      const progress: UploadProgress[] = [];
      const onProgress = (one: UploadProgress): void => void progress.push(one);
      const file = await Sendsar.uploadFile(chat, picture, { roomId: room, onProgress });
      return { told: progress, sent: await chat.sendMessage(room, { files: [file], text: "from a page" }) };
    },
    { room: roomId, head: [...sampleFiles.png.bytes], tail: 3_000_000 },
  );
  expect(told.at(-1)).toEqual({ sentBytes: sizeBytes, totalBytes: sizeBytes });
  const steps = told.map(({ sentBytes }) => sentBytes);
  expect(steps).toEqual(steps.toSorted((a, b) => a - b));
  expect(told.every(({ totalBytes }) => totalBytes === sizeBytes)).toBe(true);
  const { parts } = await bob.hears("new-message", ({ id }) => id === sent.id);
  const width = await page.evaluate(async (url) => {
    const image = new Image();
    image.src = url;
    await image.decode();
    return image.naturalWidth;
  }, String(parts[0]?.["accessUrl"]));
  expect(width).toBe(1);
  expect(pageErrors).toEqual([]);
});

test("[UP3] a page gives an upload up in the middle, and nothing of it stays", async () => {
  const uploads: string[] = [];
  page.on("request", (request) => uploads.push(`${request.method()} ${new URL(request.url()).pathname}`));
  const failure = await page.evaluate(async (tail) => {
    const { Sendsar, chat } = globalThis as unknown as Globals;
    const stopping = new AbortController();
    const picture = new File([new Uint8Array(tail)], "photo.png", { type: "image/png" });
    const options = { signal: stopping.signal, onProgress: () => stopping.abort() };
    return Sendsar.uploadFile(chat, picture, options).then(
      () => "uploaded",
      (error: unknown) => (error as InstanceType<typeof Sendsar.SendsarError>).code,
    );
  }, 3_000_000);
  expect(failure).toBe("aborted");
  await eventually(() => expect(uploads.at(-1)).toMatch(/^DELETE \/v1\/chat\/uploads\/[\w-]+$/));
  expect(uploads.some((line) => line.startsWith("PUT"))).toBe(true);
});

test("[UP4] [UP5] an upload of which nothing moves is tried three times, then it is late", async () => {
  let puts = 0;
  await page.route("**/*", (route) => {
    if (route.request().method() !== "PUT") return route.continue();
    // Nobody answers.
    puts += 1;
    return undefined;
  });
  const failure = await page.evaluate(async () => {
    const globals = globalThis as unknown as Globals;
    globals.isHurried = true;
    const file = new File(["x"], "photo.png", { type: "image/png" });
    return globals.Sendsar.uploadFile(globals.chat, file).then(
      () => "uploaded",
      (error: unknown) => (error as Error).message,
    );
  });
  expect(failure).toBe("unable to upload the file; no answer within 60 s");
  expect(puts).toBe(3);
});

test("[UP3] what the file store refuses and what breaks on the way is told as it is", async () => {
  const outcomes = await page.evaluate(async () => {
    const { Sendsar, chat } = globalThis as unknown as Globals;
    const script = new File(["<script>"], "page.html", { type: "text/html" });
    return Sendsar.uploadFile(chat, script).then(
      () => "uploaded",
      (error: unknown) => (error as InstanceType<typeof Sendsar.SendsarError>).code,
    );
  });
  expect(outcomes).toBe("media_type_not_allowed");
  await page.route("**/*", (route) =>
    route.request().method() === "PUT"
      ? route.fulfill({ status: 403, headers: { "access-control-allow-origin": "*" } })
      : route.continue(),
  );
  const refused = await page.evaluate(async () => {
    const { Sendsar, chat } = globalThis as unknown as Globals;
    const file = new File(["x"], "photo.png", { type: "image/png" });
    return Sendsar.uploadFile(chat, file).then(
      () => "uploaded",
      (error: unknown) => (error as Error).message,
    );
  });
  expect(refused).toBe("unable to upload the file; the file store answered 403");
});

test("[RV7] a page that cannot be seen marks nothing as read until it can", async () => {
  const setVisible = (state: string): Promise<void> =>
    page.evaluate((value) => {
      Object.defineProperty(document, "visibilityState", { value, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  await setVisible("hidden");
  const first = await bob.app.chat.sendMessage(roomId, "are you looking?");
  await page.evaluate(async (room) => {
    const { Sendsar, chat } = globalThis as unknown as Globals;
    const subscription = Sendsar.subscribeToRoom(chat, room, () => {});
    await subscription.ready;
    // Whatever it says of its own accord, it has said before this.
    await chat.getUnread();
    chat.setTyping(room, true);
  }, roomId);
  await bob.hears("typing");
  const { participants } = await bob.app.chat.getRoom(roomId);
  expect(participants.find(({ userId }) => userId !== bob.id)?.lastReadMessageId).toBeNull();
  await setVisible("visible");
  expect((await bob.hears("room-read")).lastReadMessageId).toBe(first.id);
});

test("[TY2] a page that goes away says that its user has stopped typing", async () => {
  await page.evaluate((room) => (globalThis as unknown as Globals).chat.typing(room).keystroke(), roomId);
  await bob.hears("typing", ({ isTyping }) => isTyping);
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true })));
  await bob.hears("typing", ({ isTyping }) => !isTyping);
  expect(await page.evaluate(() => (globalThis as unknown as Globals).chat.state)).toBe("connected");
});
