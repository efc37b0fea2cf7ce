import type { ClientFacts } from "../../checker/history.ts";
import type { Recorder } from "../load/recorder.ts";

/** A user's app on a device: keeps a connection, shows what comes, reads what it missed, and writes all of it down. */
export interface ChatClient {
  readonly facts: ClientFacts;
  /** Connects, and stays connected as well as it can until `leave`. */
  start(): void;
  /** Loses its connection, as when the network changes; it comes back by itself. */
  cut(): void;
  /** The app is closed. `start` opens it again. */
  leave(): void;
  /** True while it is meant to be connected. */
  readonly isStarted: boolean;
  /** True if it is connected and has read whatever it missed in every room of its user. */
  isSynced(): boolean;
  /** True if it has shown or read the message. */
  has(room: string, id: string): boolean;
  readonly counts: ClientCounts;
}

export interface ClientCounts {
  connects: number;
  /** Connections that it lost without having asked for it. */
  losses: number;
  /** Refusals after which it does not try again: its user sees an error. */
  refusals: string[];
}

export interface ClientOptions {
  readonly recorder: Recorder;
  /** Unique in the run. */
  readonly name: string;
  readonly tenant: string;
  readonly user: string;
  readonly token: string;
  readonly origin: string;
  /** Cuts the way to the gateways, for apps that cannot cut it themselves. */
  readonly cutWay?: () => void;
}
