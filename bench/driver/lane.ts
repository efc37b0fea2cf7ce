import type { HttpConnection } from "./http-connection.ts";
import { createHttpConnection } from "./http-connection.ts";
import type { LoadCommand, PostTarget } from "./protocol.ts";

/** Sends one message. `sentAt` is when it was meant to be sent. Answers its seq, or undefined when it failed. */
export type SendOne = (lane: Lane, sentAt: number) => Promise<number | undefined>;

/** A sender: one connection to one gateway, writing to the rooms in turn. */
export interface Lane {
  readonly target: PostTarget;
  connection: HttpConnection;
  turn: number;
}

/** Lanes take the gateways in turn, and begin at rooms that lie apart. */
export const createLane = ({ targets, rooms }: LoadCommand, index: number, lanes: number): Lane => {
  const target = targets[index % targets.length];
  if (!target) throw new Error("unable to send; there is no target");
  return {
    target,
    connection: createHttpConnection(target.url),
    turn: Math.floor((index * rooms.length) / Math.max(1, lanes)),
  };
};
