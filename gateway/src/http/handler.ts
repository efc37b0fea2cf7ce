import type { EndpointId, EndpointInput, EndpointOutput, EndpointStatus, Endpoints } from "@sendsar/protocol/endpoints";
import type { Actor } from "../chat/actor.ts";
import type { ChatDeps } from "../chat/deps.ts";

/** A validated call and who makes it. */
export interface Call<E> extends EndpointInput<E> {
  readonly actor: Actor;
}

/** What serves an endpoint: one call of a chat function, and the status that goes with its outcome. */
export type Handler<E> = (
  deps: ChatDeps,
  call: Call<E>,
) => Promise<{ readonly status: EndpointStatus<E>; readonly body: EndpointOutput<E> }>;

/** Handlers of some endpoints. */
export type Handlers<K extends EndpointId> = { readonly [P in K]: Handler<Endpoints[P]> };
