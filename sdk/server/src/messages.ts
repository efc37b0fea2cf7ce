import type { Deps } from "./deps.ts";
import type { Call } from "./operation.ts";
import type { CallOptions, WriteOptions } from "./options.ts";
import { eachItem } from "./paging.ts";
import { invalidOptions } from "./errors.ts";
import type {
  ForwardBody,
  ForwardedMessages,
  ListMessagesQuery,
  Message,
  MessagePage,
  MessagePart,
  PinnedMessages,
  ReactionBody,
} from "./wire.ts";

/** What a message says. One of `text` and `parts` is needed; `text` goes first. */
export interface MessageContent {
  readonly text?: string | undefined;
  readonly parts?: readonly MessagePart[] | undefined;
}

/** A message to be sent. */
export interface NewMessage extends MessageContent {
  /** In whose name: a participant of the room. */
  readonly senderId: string;
  /**
   * Your own id of the message, 128 characters at most. A message that is sent twice with it is stored once. A UUID of
   * the SDK's own when left out, which covers its own retries.
   */
  readonly clientMessageId?: string | undefined;
  /** The message of the same room that this one answers. */
  readonly parentMessageId?: string | undefined;
}

/** In whose name something is done. */
export interface Acting {
  readonly userId: string;
}

/**
 * What is said in a room, and what happens to it later. Calls reject with `room_not_found` and `message_not_found` for what
 * is not there, and with `not_a_participant` when the acting user is not in the room.
 */
export interface Messages {
  /**
   * Sends a message; resolves when it is on the server's disk. An API key may write to a frozen room too.
   *
   * @example
   * await sendsar.messages.send(roomId, { senderId: "shop_9", text: "Your order is ready", clientMessageId: "8812-ready" });
   */
  send(roomId: string, message: NewMessage, options?: CallOptions): Promise<Message>;

  /** One page of messages, newest first; around, before or after one of them if the query says so. */
  list(roomId: string, query?: ListMessagesQuery, options?: CallOptions): Promise<MessagePage>;

  /** All messages of a room, newest first; `limit` is the size of a page. */
  all(
    roomId: string,
    query?: Pick<ListMessagesQuery, "viewerId" | "limit" | "before">,
    options?: CallOptions,
  ): AsyncGenerator<Message, void, undefined>;

  /** Reads a message. */
  get(
    roomId: string,
    messageId: string,
    query?: { readonly viewerId?: string },
    options?: CallOptions,
  ): Promise<Message>;

  /** Replaces what a message says. Rejects with `message_deleted`, `message_not_changeable`. */
  edit(roomId: string, messageId: string, change: Acting & MessageContent, options?: CallOptions): Promise<Message>;

  /** Deletes a message for everybody. What it said is gone; its place stays, with `deletedAt`. */
  delete(roomId: string, messageId: string, acting: Acting, options?: CallOptions): Promise<Message>;

  /** Puts a reaction on a message, or takes it off if it is on. Rejects with `too_many_reactions`. */
  toggleReaction(roomId: string, messageId: string, reaction: ReactionBody, options?: WriteOptions): Promise<Message>;

  /** Pins a message; one that is pinned stays as it is. Rejects with `too_many_pins`. */
  pin(roomId: string, messageId: string, acting: Acting, options?: WriteOptions): Promise<Message>;

  /** Unpins a message; one that is not pinned stays as it is. */
  unpin(roomId: string, messageId: string, acting: Acting, options?: CallOptions): Promise<Message>;

  /** The pinned messages of a room, latest pin first. */
  listPinned(roomId: string, query?: { readonly viewerId?: string }, options?: CallOptions): Promise<PinnedMessages>;

  /** Copies a message to other rooms of the acting user: to all of them or, if one refuses, to none. */
  forward(roomId: string, messageId: string, forward: ForwardBody, options?: WriteOptions): Promise<ForwardedMessages>;
}

/** Creates the calls about messages. */
export function createMessages({ createId }: Pick<Deps, "createId">, call: Call): Messages {
  const list: Messages["list"] = (roomId, query = {}, options) =>
    call("listMessages", { params: { roomId }, query }, options);
  return {
    send: async (roomId, { text, parts, clientMessageId = createId(), ...message }, options) => {
      const body = { ...message, clientMessageId, parts: toParts("send a message", { text, parts }) };
      return call("sendMessage", { params: { roomId }, body }, options);
    },
    list,
    all: (roomId, query = {}, options) =>
      eachItem(
        "list messages",
        (cursor) => list(roomId, cursor === undefined ? query : { ...query, before: undefined, cursor }, options),
        ({ messages }) => messages,
      ),
    get: (roomId, messageId, query = {}, options) =>
      call("getMessage", { params: { roomId, messageId }, query }, options),
    edit: async (roomId, messageId, { text, parts, ...acting }, options) => {
      const body = { ...acting, parts: toParts("edit a message", { text, parts }) };
      return call("editMessage", { params: { roomId, messageId }, body }, options);
    },
    delete: (roomId, messageId, query, options) =>
      call("deleteMessage", { params: { roomId, messageId }, query }, options),
    toggleReaction: (roomId, messageId, body, options) =>
      call("toggleReaction", { params: { roomId, messageId }, body }, options),
    pin: (roomId, messageId, body, options) => call("pinMessage", { params: { roomId, messageId }, body }, options),
    unpin: (roomId, messageId, query, options) =>
      call("unpinMessage", { params: { roomId, messageId }, query }, options),
    listPinned: (roomId, query = {}, options) => call("listPinnedMessages", { params: { roomId }, query }, options),
    forward: (roomId, messageId, body, options) =>
      call("forwardMessage", { params: { roomId, messageId }, body }, options),
  };
}

function toParts(operation: string, { text, parts = [] }: MessageContent): readonly MessagePart[] {
  const all = text === undefined ? parts : [{ type: "text", text }, ...parts];
  if (all.length === 0) throw invalidOptions(operation, "it has neither text nor parts");
  return all;
}
