import type { WebSocketRoute } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { chatPage } from "./chat-page.ts";
import { roomIdOf, startDemoStack, writeAs } from "./demo-stack.ts";
import type { DemoStack } from "./demo-stack.ts";

let stack: DemoStack;

beforeAll(async () => {
  stack = await startDemoStack();
});
afterAll(() => stack[Symbol.asyncDispose]());
afterEach(() => stack.closePages());

const openChat = async (user: string) => chatPage(await stack.open(`/chat.html?user=${user}`));

describe("two people", () => {
  test("see each other come online, type and write, without a reload", async () => {
    const ann = await openChat("ann");
    await ann.choose("Bo Tanaka");
    await ann.bubble("Quiet is the best kind").waitFor();
    expect(await ann.status.textContent()).toBe("Offline");

    const bo = await openChat("bo");
    await bo.choose("Ann Lindqvist");
    await ann.status.filter({ hasText: "Online" }).waitFor();
    await ann.row(/Bo Tanaka.*online|online.*Bo Tanaka/).waitFor();

    {
      await using _typing = ann.keepTyping();
      await bo.row(/Ann Lindqvist.*typing/).waitFor();
    }
    await ann.send("Coffee at three");
    await bo.bubble("Coffee at three").waitFor();
    await bo.row(/Ann Lindqvist.*Coffee at three/).waitFor();
    await bo.row(/typing/).waitFor({ state: "detached" });
    await ann.bubble("Coffee at three").locator("..").filter({ hasText: "Read" }).waitFor();
    expect(await ann.bubble("Coffee at three").count()).toBe(1);
    expect(await ann.input.inputValue()).toBe("");
  });

  test("a message for a room that is not open counts as unread until it is opened", async () => {
    const ann = await openChat("ann");
    const page = await stack.open("/chat.html?user=bo");
    const bo = chatPage(page);
    await bo.choose("Weekend hike");
    await bo.row("Weekend hike").and(page.locator("[aria-current=true]")).waitFor();
    await ann.choose("Bo Tanaka");
    await ann.send("First of two");
    await ann.send("Second of two");
    await bo.row(/Ann Lindqvist.*Second of two.*2 unread/).waitFor();
    await expect.poll(() => page.title()).toMatch(/^\(\d+\) Bo Tanaka/);
    await expect.poll(() => page.locator(".announcer").textContent()).toBe("Ann Lindqvist: Second of two");

    await bo.choose(/Ann Lindqvist/);
    await bo.row(/Ann Lindqvist.*unread/).waitFor({ state: "detached" });
    await ann.bubble("Second of two").locator("..").filter({ hasText: "Read" }).waitFor();
  });

  test("people are called by their names, in rooms too that were not opened yet", async () => {
    const page = await stack.open("/chat.html?user=ann");
    const ann = chatPage(page);
    await ann.choose("Bo Tanaka");
    const cleo = chatPage(await stack.open("/chat.html?user=cleo"));
    await cleo.choose("Team lunch");
    {
      await using _typing = cleo.keepTyping();
      await ann.row(/Team lunch.*Cleo typing/).waitFor();
    }
    await page.reload();
    await ann.row("Team lunch").waitFor();
    await cleo.send("Who pays?");
    await ann.row(/Team lunch.*Who pays\?/).waitFor();
    await expect.poll(() => page.locator(".announcer").textContent()).toBe("Cleo Marchetti in Team lunch: Who pays?");
  });

  test("a reload finds the conversation as it was", async () => {
    const page = await stack.open("/chat.html?user=ann");
    const ann = chatPage(page);
    await ann.choose("Team lunch");
    await ann.bubble("Booked, table for four.").waitFor();
    await ann.send("See you there");
    await ann.bubble("See you there").locator("..").filter({ hasText: "Sent" }).waitFor();
    const before = await ann.bubbles.allTextContents();
    await page.reload();
    await ann.bubble("See you there").waitFor();
    expect(await ann.bubbles.allTextContents()).toEqual(before);
    expect(await page.getByRole("heading", { level: 2 }).textContent()).toBe("Team lunch");
  });

  test("markup in a message is text like any other", async () => {
    const ann = await openChat("ann");
    const bo = await openChat("bo");
    const text = '<img src=x onerror="alert(1)"><b>bold</b> & &amp; <script>alert(2)</script>';
    await ann.choose("Bo Tanaka");
    await bo.choose("Ann Lindqvist");
    await ann.send(text);
    await bo.bubble(text).waitFor();
    expect(await bo.bubble(text).locator("img, b, script").count()).toBe(0);
    expect(
      await bo
        .row(/Ann Lindqvist/)
        .locator("img, b, script")
        .count(),
    ).toBe(0);
  });
});

describe("the thread", () => {
  test("is empty until somebody writes, and loads older messages as one scrolls up", async () => {
    const ann = await openChat("ann");
    await ann.choose("Weekend hike");
    await ann.input.page().getByText("No messages yet", { exact: true }).last().waitFor();

    const roomId = await roomIdOf(stack.api, "demo:weekend-hike");
    const texts = Array.from({ length: 75 }, (_, index) => `Step ${index + 1} of 75`);
    for (const text of texts) await writeAs(stack.api, roomId, "cleo", text);
    await ann.bubble("Step 75 of 75").waitFor();

    const page = await stack.open("/chat.html?user=bo");
    const bo = chatPage(page);
    await bo.choose(/Weekend hike/);
    await bo.bubble("Step 75 of 75").waitFor();
    expect(await bo.bubbles.count()).toBe(30);
    const scroll = page.getByRole("region", { name: "Messages" });
    for (const loaded of [60, 75]) {
      // In one step: the older page is on its way as soon as the top is near.
      const before = await scroll.evaluate((element) => {
        element.scrollTo({ top: 0 });
        const first = element.querySelector(".bubble");
        return { text: first?.textContent ?? "", top: first?.getBoundingClientRect().top ?? 0 };
      });
      await expect.poll(() => bo.bubbles.count()).toBe(loaded);
      const top = await bo.bubble(before.text).evaluate((bubble) => bubble.getBoundingClientRect().top);
      // What the reader was looking at stays where it is.
      expect(Math.abs(top - before.top)).toBeLessThan(2);
    }
    expect(await bo.bubbles.allTextContents()).toEqual(texts.map((text) => `Cleo Marchetti: ${text}`));

    await writeAs(stack.api, roomId, "cleo", "And one more");
    await page.getByRole("button", { name: "New messages" }).click();
    await expect.poll(() => scroll.evaluate((s) => s.scrollHeight - s.scrollTop - s.clientHeight)).toBeLessThan(2);
    await page.getByRole("button", { name: "New messages" }).waitFor({ state: "hidden" });
  });

  test("a message that is refused stays, and a retry sends it once", async () => {
    const page = await stack.open("/chat.html?user=ann");
    const ann = chatPage(page);
    await ann.choose("Team lunch");
    await page.route("**/messages", (route) => route.fulfill({ status: 400, json: { error: "Not today" } }), {
      times: 1,
    });
    await ann.send("Third time lucky");
    const line = ann.bubble("Third time lucky").locator("..");
    await line.filter({ hasText: "Not sent." }).waitFor();
    expect(stack.takeComplaints()).toEqual([expect.stringContaining("status of 400")]);
    await line.getByRole("button", { name: "Retry" }).click();
    await line.filter({ hasText: "Sent" }).waitFor();

    const roomId = await roomIdOf(stack.api, "demo:team-lunch");
    const { body } = await stack.api.get(`/chat/rooms/${roomId}/messages?viewerId=ann`);
    const stored = body.messages.filter(
      (message: { previewText: string }) => message.previewText === "Third time lucky",
    );
    expect(stored.length).toBe(1);
    expect(await ann.bubble("Third time lucky").count()).toBe(1);
  });

  test("after a break in the connection it says so, and catches up", async () => {
    const sockets: WebSocketRoute[] = [];
    const page = await stack.open("/minimal.html?user=cleo");
    await page.routeWebSocket(/socket\.io/, (socket) => {
      sockets.push(socket);
      socket.connectToServer();
    });
    await page.goto(`${stack.url}/chat.html?user=ann`);
    const ann = chatPage(page);
    await ann.choose("Bo Tanaka");
    await ann.bubble("Quiet is the best kind").waitFor();

    await sockets[0]?.close();
    await ann.banner.filter({ hasText: "Connection lost. Reconnecting…" }).waitFor();
    await writeAs(stack.api, await roomIdOf(stack.api, "dm:ann:bo"), "bo", "Said while you were away");
    await ann.bubble("Said while you were away").waitFor();
    await ann.banner.waitFor({ state: "hidden" });
    expect(sockets.length).toBe(2);
  });
});

test("everything can be done with the keyboard", async () => {
  const page = await stack.open("/chat.html?user=cleo");
  const cleo = chatPage(page);
  await cleo.choose("Weekend hike");
  await cleo.row("Team lunch").waitFor();
  const isFocused = (name: RegExp) => cleo.row(name).evaluate((row) => row === document.activeElement);
  for (let presses = 0; presses < 10 && !(await isFocused(/Team lunch/)); presses += 1)
    await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect.poll(() => cleo.input.evaluate((input) => input === document.activeElement)).toBe(true);
  await page.keyboard.type("Two");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("lines");
  await page.keyboard.press("Enter");
  await cleo.bubble("Two\nlines").waitFor();
  expect(await cleo.bubble("Two\nlines").evaluate((bubble) => (bubble as HTMLElement).innerText)).toContain(
    "Two\nlines",
  );
});

test("a user that the backend does not know is told so", async () => {
  const page = await stack.open("/chat.html?user=mallory");
  await chatPage(page).banner.filter({ hasText: "Log in to chat" }).waitFor();
  expect(stack.takeComplaints()).toEqual([expect.stringContaining("status of 401")]);
});

test("the smallest page shows what is there, sends, and hears", async () => {
  // It shows the room with the newest message.
  await writeAs(stack.api, await roomIdOf(stack.api, "dm:ann:bo"), "bo", "Fits in a page");
  const ann = await stack.open("/minimal.html?user=ann");
  const bo = await stack.open("/minimal.html?user=bo");
  for (const page of [ann, bo]) await page.getByText("bo: Fits in a page").waitFor();
  await ann.getByLabel("Message").fill("Small but whole");
  await ann.getByRole("button", { name: "Send" }).click();
  for (const page of [ann, bo]) {
    await page.getByText("ann: Small but whole").waitFor();
    expect(await page.getByText("ann: Small but whole").count()).toBe(1);
  }
});
