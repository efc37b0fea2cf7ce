import type { CallOptions, WriteOptions } from "./options.ts";
import { type Operations, operations } from "./wire.ts";

/** The name of a call. */
export type OperationId = keyof Operations;

/** What a call takes: its path parameters, query and body, as far as it has them. */
export type OperationInput<Id extends OperationId> = Omit<Operations[Id], "answer">;

/** What a call answers. */
export type OperationAnswer<Id extends OperationId> = Operations[Id]["answer"];

/** How a call may be made. */
export type OperationOptions<Id extends OperationId> = (typeof operations)[Id] extends { readonly keyed: true }
  ? WriteOptions
  : CallOptions;

/** Makes a call, again where that may help, and answers its JSON. Rejects with a `SendsarError`. */
export type Call = <Id extends OperationId>(
  id: Id,
  input: OperationInput<Id>,
  options?: OperationOptions<Id>,
) => Promise<OperationAnswer<Id>>;

/** Where a call goes: "POST /users". */
export const nameOf = (id: OperationId): string => `${operations[id].method} ${operations[id].path}`;
