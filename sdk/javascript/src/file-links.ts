import type { ChatClient } from "./client.ts";
import { type Deferred, createDeferred } from "./timing.ts";
import { type Message, type MessagePart, type UploadAccess, type UploadAccessList, limits } from "./wire.ts";

/** Links to the files of messages that are good for some minutes more, kept and fetched for as long as it is open. */
export interface FileLinks {
  /** The link to a file, if a good one is at hand. */
  find(uploadId: string): string | undefined;
  /**
   * The link to a file, fetched where none is at hand; undefined for a file that is not there or not the user's to see.
   * What is asked for in one go is fetched together.
   */
  get(uploadId: string): Promise<string | undefined>;
  /** Keeps the links that came with messages. Those that come as events are kept by themselves. */
  learn(messages: readonly Message[]): void;
  /**
   * The messages with good links in all their file parts and in those of the messages they answer. A message in which
   * nothing changes is the same object as before.
   */
  hydrate(messages: readonly Message[]): Promise<readonly Message[]>;
  /** Ends it: events are not heard any more. */
  close(): void;
}

/** A link that ends within this time is not handed out: what is shown with it should last (contract 8). */
export const linkMsMin = 300_000;

/**
 * Keeps links to files. Links end after a while, and messages that are on the screen for longer need new ones.
 *
 * @example
 * import { Sendsar, openFileLinks } from "@sendsar/chat-sdk-javascript";
 *
 * const chat = Sendsar.init({ apiUrl: "http://localhost:3001/v1" });
 * const links = openFileLinks(chat);
 * await chat.connect({ userId: "ann", token });
 * const { messages } = await chat.getMessages(roomId);
 * links.learn(messages);
 * for (const { parts } of await links.hydrate(messages)) {
 *   for (const part of parts) if (part.type === "file") console.log(part["filename"], part["accessUrl"]);
 * }
 * links.close();
 * await chat.disconnect();
 */
export function openFileLinks(chat: ChatClient): FileLinks {
  const cache = new LinkCache(chat);
  const stops = [
    chat.on("new-message", (message) => cache.learn([message])),
    chat.on("message-updated", (message) => cache.learn([message])),
  ];
  return {
    find: (uploadId) => cache.find(uploadId)?.accessUrl,
    get: async (uploadId) => (await cache.get(uploadId))?.accessUrl,
    learn: (messages) => cache.learn(messages),
    async hydrate(messages) {
      cache.learn(messages);
      const ids = [...new Set(messages.flatMap((message) => partsOf(message).flatMap(uploadIdOf)))];
      const found = await Promise.all(ids.map((id) => cache.get(id)));
      const links = new Map(found.flatMap((link) => (link === undefined ? [] : [[link.uploadId, link] as const])));
      return messages.map((message) => withLinks(message, links));
    },
    close: () => stops.forEach((stop) => stop()),
  };
}

class LinkCache {
  readonly #chat: ChatClient;
  /** Those used least recently come first. */
  readonly #links = new Map<string, KeptLink>();
  /** When a file that was not there was asked for, so that it is not asked for with every drawing of a list. */
  readonly #missing = new Map<string, number>();
  /** Files that are asked for now or next. */
  readonly #asked = new Map<string, Deferred<UploadAccess | undefined>>();
  #next: string[] = [];

  constructor(chat: ChatClient) {
    this.#chat = chat;
  }

  find(uploadId: string): UploadAccess | undefined {
    const kept = this.#links.get(uploadId);
    if (kept === undefined || this.#chat.deps.now() > kept.goodUntilMs) return undefined;
    keepLatest(this.#links, uploadId, kept);
    return kept.link;
  }

  get(uploadId: string): Promise<UploadAccess | undefined> {
    const link = this.find(uploadId);
    if (link !== undefined) return Promise.resolve(link);
    const missingMs = this.#chat.deps.now() - (this.#missing.get(uploadId) ?? -Infinity);
    if (missingMs < askAgainMs) return Promise.resolve(undefined);
    const asked = this.#asked.get(uploadId);
    if (asked !== undefined) return asked.promise;
    const deferred = createDeferred<UploadAccess | undefined>();
    this.#asked.set(uploadId, deferred);
    if (this.#next.push(uploadId) === 1) queueMicrotask(() => this.#ask());
    return deferred.promise;
  }

  learn(messages: readonly Message[]): void {
    for (const part of messages.flatMap(partsOf)) {
      const { uploadId, accessUrl, accessUrlExpiresAt } = part as Partial<Record<keyof UploadAccess, unknown>>;
      if (typeof uploadId !== "string" || typeof accessUrl !== "string" || typeof accessUrlExpiresAt !== "string")
        continue;
      this.#keep({ uploadId, accessUrl, accessUrlExpiresAt }, 0);
    }
  }

  /** Of two links the one that is good for longer is kept. */
  #keep(link: UploadAccess, goodUntilMsMin: number): void {
    const goodUntilMs = Math.max(Date.parse(link.accessUrlExpiresAt) - linkMsMin, goodUntilMsMin);
    const known = this.#links.get(link.uploadId);
    keepLatest(this.#links, link.uploadId, known && known.goodUntilMs > goodUntilMs ? known : { link, goodUntilMs });
    this.#missing.delete(link.uploadId);
  }

  #ask(): void {
    const ids = this.#next;
    this.#next = [];
    for (let from = 0; from < ids.length; from += limits.uploadsAccessMax) {
      void this.#fetch(ids.slice(from, from + limits.uploadsAccessMax));
    }
  }

  /** Never rejects: whoever waits is told. */
  async #fetch(uploadIds: readonly string[]): Promise<void> {
    const request = { method: "POST", path: "/chat/uploads/access", body: { uploadIds }, isRepeatable: true } as const;
    const settle = (act: (waiting: Deferred<UploadAccess | undefined>, uploadId: string) => void): void => {
      for (const uploadId of uploadIds) {
        const waiting = this.#asked.get(uploadId);
        this.#asked.delete(uploadId);
        if (waiting !== undefined) act(waiting, uploadId);
      }
    };
    try {
      const { urls } = await this.#chat.call<UploadAccessList>(request);
      const links = new Map(urls.map((link) => [link.uploadId, link]));
      // What was just fetched is good for a moment, also when this clock says otherwise: there is nothing newer to ask for.
      const goodUntilMsMin = this.#chat.deps.now() + askAgainMs;
      for (const link of urls) this.#keep(link, goodUntilMsMin);
      settle((waiting, uploadId) => {
        const link = links.get(uploadId);
        if (link === undefined) keepLatest(this.#missing, uploadId, this.#chat.deps.now());
        waiting.resolve(link);
      });
    } catch (error) {
      settle((waiting) => waiting.reject(error));
    }
  }
}

interface KeptLink {
  readonly link: UploadAccess;
  readonly goodUntilMs: number;
}

/** How long a file that was asked for is not asked for again, whatever came of it. */
const askAgainMs = 60_000;

/** How many links are kept. */
const linksMax = 5000;

function keepLatest<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= linksMax) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}

const partsOf = ({ parts, parentMessage }: Message): readonly MessagePart[] => [
  ...parts,
  ...(parentMessage?.parts ?? []),
];

const uploadIdOf = ({ uploadId }: MessagePart): string[] => (typeof uploadId === "string" ? [uploadId] : []);

type Links = ReadonlyMap<string, UploadAccess>;

function withLinks(message: Message, links: Links): Message {
  const parts = replaceLinks(message.parts, links);
  const parentMessage = message.parentMessage && {
    ...message.parentMessage,
    parts: replaceLinks(message.parentMessage.parts, links),
  };
  const isSame = parts === message.parts && parentMessage?.parts === message.parentMessage?.parts;
  return isSame ? message : { ...message, parts, parentMessage };
}

/** The same array when nothing changes. */
function replaceLinks(parts: readonly MessagePart[], links: Links): readonly MessagePart[] {
  const replaced = parts.map((part) => {
    const link = links.get(uploadIdOf(part)[0] ?? "");
    if (link === undefined || part["accessUrl"] === link.accessUrl) return part;
    const { accessUrl, accessUrlExpiresAt } = link;
    return { ...part, url: accessUrl, accessUrl, accessUrlExpiresAt };
  });
  return replaced.every((part, index) => part === parts[index]) ? parts : replaced;
}
