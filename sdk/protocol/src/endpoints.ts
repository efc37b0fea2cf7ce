import type * as z from "zod";
import type { Endpoint } from "./endpoint.ts";
import * as auth from "./endpoints/auth.ts";
import * as messages from "./endpoints/messages.ts";
import * as rooms from "./endpoints/rooms.ts";
import * as settings from "./endpoints/settings.ts";
import * as users from "./endpoints/users.ts";

/** Every REST endpoint by its operation id. */
export const endpoints = {
  upsertUser: users.upsertUser,
  createToken: auth.createToken,
  createRoom: rooms.createRoom,
  listRooms: rooms.listRooms,
  getRoom: rooms.getRoom,
  markRoomRead: rooms.markRoomRead,
  addParticipant: rooms.addParticipant,
  removeParticipant: rooms.removeParticipant,
  sendMessage: messages.sendMessage,
  listMessages: messages.listMessages,
  getSettings: settings.getSettings,
  patchSettings: settings.patchSettings,
} as const satisfies Record<string, Endpoint>;

export type Endpoints = typeof endpoints;
export type EndpointId = keyof Endpoints;

type Parsed<E, K extends string> = E extends { readonly [P in K]: infer S extends z.ZodType } ? z.output<S> : undefined;

/** What a handler of an endpoint is given, after validation. */
export interface EndpointInput<E> {
  readonly params: Parsed<E, "params">;
  readonly query: Parsed<E, "query">;
  readonly body: Parsed<E, "body">;
}

/** What a handler of an endpoint must answer. */
export type EndpointOutput<E> = E extends { readonly response: infer S extends z.ZodType } ? z.input<S> : never;

/** Success statuses of an endpoint. */
export type EndpointStatus<E> = E extends { readonly statuses: readonly (infer S)[] } ? S : never;
