import type { Priority } from "./priority.ts";

/** What the engine tells of itself. Each part is given only its own; a test reads them with a double of the part. */
export interface EngineMetrics {
  readonly requests: RequestMetrics;
  /** Of the queue of a controller. */
  queue(name: string): QueueMetrics;
  controller(name: string): ControllerMetrics;
  /** Of the watch on a kind of object, `tenants`. */
  watch(resource: string): WatchMetrics;
  readonly leadership: LeadershipMetrics;
  readonly events: EventMetrics;
}

/** A request that has ended. */
export interface FinishedRequest {
  readonly method: string;
  /** As in RBAC: `get`, `list`, `watch`, `create`, `patch`, `update`, `delete`. */
  readonly verb: string;
  /** `deployments`, `tenants/status` */
  readonly resource: string;
  readonly host: string;
  /** HTTP status, or `<error>` when there was no answer, as client-go counts it. */
  readonly code: string;
  readonly ms: number;
}

export interface RequestMetrics {
  finished(request: FinishedRequest): void;
}

export interface QueueMetrics {
  added(): void;
  /** A worker has it, after it was due for so long. */
  taken(dueMs: number): void;
  finished(workedMs: number): void;
  retried(): void;
  /** A key changed so often that it has to wait. */
  calmed(): void;
  /** What to read for the gauges of depth and unfinished work; the queue calls it, once. */
  observe(queue: {
    depth(priority: Priority): number;
    /** When each key was taken, by `now`. */
    readonly processing: ReadonlyMap<string, number>;
    now(): number;
  }): void;
}

/** `requeue` is a quiet retry (RetryLater, 409); `requeue_after` what a success asked for. */
export type ReconcileOutcome = "success" | "error" | "requeue" | "requeue_after";

export interface ControllerMetrics {
  started(): void;
  finished(outcome: ReconcileOutcome, ms: number): void;
  /** A reconcile threw what is no use to try again. */
  terminalError(): void;
  /** A reconcile threw a mistake of the program (TypeError, a string …). */
  panic(): void;
  timeout(): void;
  workers(count: number): void;
}

export interface WatchMetrics {
  /** A list from the beginning; every one after the first is a relist. */
  listed(): void;
  /** A watch was opened again. */
  reconnected(): void;
  event(): void;
  handlerError(): void;
  /** Milliseconds since the watch was last heard of, bookmarks included. */
  observeAge(ageMs: () => number): void;
}

export interface LeadershipMetrics {
  leading(name: string, leads: boolean): void;
}

export interface EventMetrics {
  dropped(): void;
}
