import type { Frame, Locator, Page } from "playwright-core";

/** One person's chat, by what a person sees. */
export interface ChatPage {
  /** A row of the list of conversations. */
  row(name: string | RegExp): Locator;
  /** The line to write in. */
  readonly input: Locator;
  /** Every bubble of the open conversation, oldest first. */
  readonly bubbles: Locator;
  /** The bubble that says this. */
  bubble(text: string): Locator;
  /** What stands below the name in the bar of the open conversation. */
  readonly status: Locator;
  /** The bar across the top, when there is something to say. */
  readonly banner: Locator;
  /** Opens a conversation. */
  choose(name: string | RegExp): Promise<void>;
  /** Writes a message and presses Enter. */
  send(text: string): Promise<void>;
  /** Types on and on until it is disposed: a single key counts as typing for two seconds only. */
  keepTyping(): AsyncDisposable;
}

/** Finds its way around chat.html, in a window or in a frame. */
export const chatPage = (page: Page | Frame): ChatPage => {
  const row = (name: string | RegExp): Locator =>
    page.getByRole("navigation", { name: "Conversations" }).getByRole("button", { name });
  const input = page.getByLabel("Message", { exact: true });
  const bubbles = page.locator(".bubble");
  return {
    row,
    input,
    bubbles,
    bubble: (text) => bubbles.filter({ hasText: text }),
    status: page.locator(".thread-bar .bar-status"),
    banner: page.locator(".banner"),
    choose: (name) => row(name).click(),
    send: async (text) => {
      await input.fill(text);
      await input.press("Enter");
    },
    keepTyping: () => {
      let isDone = false;
      const typing = (async () => {
        while (!isDone) await input.pressSequentially("well ", { delay: 100 });
      })();
      return {
        async [Symbol.asyncDispose]() {
          isDone = true;
          await typing;
        },
      };
    },
  };
};
