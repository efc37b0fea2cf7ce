import type { Frame, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { chatPage } from "./chat-page.ts";
import { findFaintText } from "./contrast.ts";
import { roomIdOf, startDemoStack, writeAs } from "./demo-stack.ts";
import type { DemoStack } from "./demo-stack.ts";

let stack: DemoStack;

beforeAll(async () => {
  stack = await startDemoStack();
});
afterAll(() => stack[Symbol.asyncDispose]());
afterEach(() => stack.closePages());

const phone = { viewport: { width: 390, height: 844 } };
const pages = ["/", "/chat.html?user=ann", "/code.html", "/minimal.html"];

/** The chat of a user inside the home page, when it is ready. */
const frameOf = async (page: Page, user: string): Promise<Frame> => {
  const handle = await page.locator(`iframe[data-user=${user}]`).elementHandle();
  const frame = await handle?.contentFrame();
  if (!frame) throw new Error(`there is no frame of ${user}`);
  await frame.locator(".row").first().waitFor({ state: "attached" });
  return frame;
};

const widthOf = (page: Page): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth);

describe("the home page", () => {
  test("shows two people who reach each other, each with a window of its own to open", async () => {
    const page = await stack.open("/");
    const [ann, bo] = [await frameOf(page, "ann"), await frameOf(page, "bo")];
    await chatPage(ann).send("From the left to the right");
    await chatPage(bo).bubble("From the left to the right").waitFor();
    const [own] = await Promise.all([
      page.context().waitForEvent("page"),
      bo.getByRole("link", { name: "Open Bo’s chat in its own window" }).click(),
    ]);
    expect(own.url()).toBe(`${stack.url}/chat.html?user=bo`);
    await chatPage(own).bubble("From the left to the right").waitFor();
  });

  test("on a phone the tabs choose whose screen is shown, and a hidden one marks nothing as read", async () => {
    const page = await stack.open("/", phone);
    const [ann, bo] = [chatPage(await frameOf(page, "ann")), await frameOf(page, "bo")];
    const shown = () => page.locator("iframe").evaluateAll((all) => all.map((frame) => frame.checkVisibility()));
    expect(await shown()).toEqual([true, false]);
    await page.getByRole("button", { name: "Bo", exact: true }).click();
    expect(await shown()).toEqual([false, true]);
    await chatPage(bo).choose(/Ann Lindqvist/);
    await chatPage(bo).input.waitFor();
    await page.getByRole("button", { name: "Ann", exact: true }).click();

    await ann.choose(/Bo Tanaka/);
    await ann.send("Can you see this?");
    const badge = bo.locator(".row", { hasText: "Can you see this?" }).locator(".badge");
    await badge.waitFor({ state: "attached" });
    await page.getByRole("button", { name: "Bo", exact: true }).click();
    await badge.waitFor({ state: "detached" });
    await ann.bubble("Can you see this?").locator("..").filter({ hasText: "Read" }).waitFor({ state: "attached" });
  });

  test("the code page shows the files that run", async () => {
    const page = await stack.open("/code.html");
    await page.getByText("createSessionRoute =").waitFor();
    const [minimal = "", route = "", ...others] = await page.locator("pre").allTextContents();
    expect(minimal).toMatch(/^<!doctype html>.*await chat\.connect\(\);.*<\/html>$/s);
    expect(route).toContain("createNodeSessionHandler({ sendsar");
    expect(others).toEqual([]);
    expect(minimal + route).not.toContain("docs:");
    expect(await page.locator(".length").allTextContents()).toEqual([
      `${minimal.split("\n").length} lines`,
      `${route.split("\n").length} lines`,
    ]);
  });
});

describe("a phone", () => {
  test.each([320, 390])("%i px wide: no page scrolls sideways", async (width) => {
    const viewport = { width, height: 720 };
    for (const path of pages) {
      const page = await stack.open(path, { viewport });
      await page.waitForLoadState("networkidle");
      expect({ path, width: await widthOf(page) }).toEqual({ path, width });
    }
  });

  test("a word without an end is broken, in the bubble as in the list", async () => {
    const page = await stack.open("/chat.html?user=ann", phone);
    const ann = chatPage(page);
    await ann.choose(/Team lunch/);
    await ann.send("W".repeat(400));
    const isCut = await ann.bubble("WWW").evaluate((bubble) => bubble.scrollWidth > bubble.clientWidth);
    const { x = 0, width = 0 } = (await ann.bubble("WWW").boundingBox()) ?? {};
    expect({ isCut, isInside: x > 0 && x + width < 390 }).toEqual({ isCut: false, isInside: true });
    await page.getByRole("button", { name: "Back to the conversations" }).click();
    await ann.row(/WWW/).waitFor();
    expect(await widthOf(page)).toBe(390);
  });

  test("shows the list or the conversation, and the way back", async () => {
    const page = await stack.open("/chat.html?user=ann", phone);
    const ann = chatPage(page);
    await ann.choose(/Team lunch/);
    await ann.bubble("Count me in").waitFor();
    expect(await ann.row(/Team lunch/).isVisible()).toBe(false);

    await page.getByRole("button", { name: "Back to the conversations" }).click();
    await expect.poll(() => ann.row(/Team lunch/).evaluate((row) => row === document.activeElement)).toBe(true);
    expect(await ann.input.isVisible()).toBe(false);

    await ann.choose(/Weekend hike/);
    await ann.input.waitFor();
    await page.goBack();
    await ann.row(/Weekend hike/).waitFor();
  });
});

describe("for everybody", () => {
  test.each(["light", "dark"] as const)("in %s everything can be read", async (colorScheme) => {
    for (const path of ["/", "/code.html"]) {
      const page = await stack.open(path, { colorScheme });
      await page.waitForLoadState("networkidle");
      expect(await page.evaluate(findFaintText)).toEqual([]);
    }
    // The home page has a chat of Bo's too, which would read what comes.
    await stack.closePages();
    const page = await stack.open("/chat.html?user=bo", { colorScheme });
    const bo = chatPage(page);
    // Every state that has a colour of its own: unread, typing, group names, failed, cut off.
    await bo.choose(/Weekend hike/);
    await writeAs(stack.api, await roomIdOf(stack.api, "demo:team-lunch"), "cleo", "Anybody?");
    await bo.row(/Team lunch.*unread/).waitFor();
    expect(await page.evaluate(findFaintText)).toEqual([]);
    await bo.choose(/Team lunch/);
    await page.route("**/messages", (route) => route.fulfill({ status: 400, json: { error: "No" } }), { times: 1 });
    await bo.send("This fails");
    await page.getByText("Not sent.").waitFor();
    expect(stack.takeComplaints()).toEqual([expect.stringContaining("400")]);
    const cleo = chatPage(await stack.open("/chat.html?user=cleo"));
    await cleo.choose(/Team lunch/);
    {
      await using _typing = cleo.keepTyping();
      await bo.row(/Cleo typing/).waitFor();
      expect(await page.evaluate(findFaintText)).toEqual([]);
    }
    for (const kind of ["cut", "back"]) {
      await bo.banner.evaluate((banner, shown) => {
        banner.dataset["kind"] = shown;
        banner.removeAttribute("hidden");
        banner.textContent = "What the banner says";
      }, kind);
      expect(await page.evaluate(findFaintText)).toEqual([]);
    }
  });

  test("every control has a name, every id is unique, every page a language and a title", async () => {
    for (const path of pages) {
      const page = await stack.open(path);
      await page.waitForLoadState("networkidle");
      const tree = await page.locator("body").ariaSnapshot();
      // A control without a name is a bare role in the tree.
      expect(tree).not.toMatch(/^\s*- (?:button|link|textbox|img|region|navigation)(?::| \[|$)/m);
      const facts = await page.evaluate(() => ({
        language: document.documentElement.lang,
        hasTitle: document.title !== "",
        ids: [...document.querySelectorAll("[id]")].map(({ id }) => id),
        frames: [...document.querySelectorAll("iframe")].every(({ title }) => title !== ""),
      }));
      expect(facts).toMatchObject({ language: "en", hasTitle: true, frames: true });
      expect(new Set(facts.ids).size).toBe(facts.ids.length);
    }
  });

  test("the choice of dark or light reaches the frames and survives a reload", async () => {
    const page = await stack.open("/", { colorScheme: "light" });
    const isDark = async (at: Page | Frame) =>
      (await at.evaluate(() => getComputedStyle(document.documentElement).colorScheme)) === "dark";
    const ann = await frameOf(page, "ann");
    await page.getByRole("button", { name: "Switch between dark and light" }).first().click();
    await expect.poll(() => isDark(page)).toBe(true);
    await expect.poll(() => isDark(ann)).toBe(true);
    await page.reload();
    expect(await isDark(page)).toBe(true);
    await page.getByRole("button", { name: "Switch between dark and light" }).first().click();
    await expect.poll(() => isDark(page)).toBe(false);
  });

  test.each([
    ["no-preference", "enter", "hop"],
    ["reduce", "none", "none"],
  ] as const)("with %s for motion, a new message has the animation %s", async (reducedMotion, entering, typing) => {
    const page = await stack.open("/chat.html?user=ann", { reducedMotion });
    const ann = chatPage(page);
    const animationOf = (selector: string) =>
      page
        .locator(selector)
        .last()
        .evaluate((element) => getComputedStyle(element).animationName);
    await ann.choose(/Bo Tanaka/);
    await ann.send(`Calm or not: ${reducedMotion}`);
    await ann.bubble(`Calm or not: ${reducedMotion}`).waitFor();
    expect(await animationOf(".line")).toBe(entering);
    expect(await animationOf(".typists-dots i")).toBe(typing);
  });
});
