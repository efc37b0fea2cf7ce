import { vi } from "vitest";
import type { ChatClient } from "../src/client.ts";
import type { Deps } from "../src/deps.ts";
import { type InitOptions, Sendsar } from "../src/sendsar.ts";
import type { Message } from "../src/wire.ts";
import { hurried } from "./with-gateway-double.ts";

/** An app that notes what it is told, and is disconnected at the end. */
export interface TestApp extends AsyncDisposable {
  readonly chat: ChatClient;
  /** Everything in the order in which it came: the number of a message, or a word. */
  readonly told: readonly Line[];
  /** The messages of a room, in the order in which they came. */
  messagesOf(roomId: string): readonly Message[];
  /** How often the connection came up. */
  readonly ups: number;
}

/** One thing that the app was told. */
export interface Line {
  readonly what: "message" | "change" | "reset" | "connected" | "reconnecting" | "disconnected" | "connecting";
  readonly roomId?: string;
  readonly seq?: number;
}

/** Creates a client with listeners, not yet connected. Its delays pass twenty times as fast. */
export function createTestApp(options: InitOptions, deps: Partial<Deps> = hurried): TestApp {
  const chat = Sendsar.init(options, deps);
  const told: Line[] = [];
  const messages: Message[] = [];
  chat.on("new-message", (message) => {
    const { roomId, seq } = message;
    messages.push(message);
    told.push({ what: "message", roomId, seq });
  });
  chat.on("room-participants-changed", ({ roomId, seq = 0 }) => told.push({ what: "change", roomId, seq }));
  chat.on("room-reset", ({ roomId }) => told.push({ what: "reset", roomId }));
  chat.on("connection", ({ state }) => told.push({ what: state }));
  return {
    chat,
    told,
    messagesOf: (roomId) => messages.filter((message) => message.roomId === roomId),
    get ups() {
      return told.filter(({ what }) => what === "connected").length;
    },
    [Symbol.asyncDispose]: () => chat.disconnect(),
  };
}

/** Waits until the assertions hold; fails with what they say when they do not in ten seconds. */
export const eventually = <T>(look: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(look, { timeout: 10_000, interval: 10 });

/** The whole numbers from `first` to `last`. */
export const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);
