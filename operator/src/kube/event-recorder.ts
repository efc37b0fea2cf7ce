import type { KubeObject } from "./kube-object.ts";

/**
 * Tells the people who look at an object what happened to it (`kubectl describe`). Repeats are counted on the event that is
 * there. Never throws and never waits: an event that cannot be written is counted and dropped.
 */
export interface EventRecorder {
  record(about: KubeObject, event: RecordedEvent): void;
}

export interface RecordedEvent {
  readonly type: "Normal" | "Warning";
  /** CamelCase, documented: `ApiKeyRotated`. */
  readonly reason: string;
  /** A sentence without any secret. */
  readonly message: string;
}
