import type { Counters } from "./counters.ts";
import type { RequestCounts } from "./request-counts.ts";

/** Where metrics are read from, when somebody asks for them. */
export interface MetricSources {
  readonly counters: Readonly<Counters>;
  readonly requests: RequestCounts;
  /** Nanoseconds between two looks at the event loop. */
  readonly eventLoop: { percentile(percentile: number): number; readonly max: number };
  connections(): number;
  /** Messages that wait to be written. */
  writerQueue(): number;
  /** Rooms in which something is known to be missing. */
  gaps(): number;
  database(): { readonly open: number; readonly busy: number; readonly waiting: number };
  notifications(): { readonly losses: number; readonly dropped: number; readonly errors: number };
  isStopping(): boolean;
}

interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** One metric: what it is to Prometheus, the sentence that the reference page shows, and where its value comes from. */
export interface Metric {
  readonly type: "counter" | "gauge";
  readonly sentence: string;
  /** Labels, and what they may be. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly read: (from: MetricSources) => readonly Sample[];
}

/** Milliseconds between two looks at the event loop; what the histogram tells includes them. */
export const eventLoopResolutionMs = 20;

/** Every metric of the gateway, by its name in Prometheus. Source of the reference page. */
export const metrics = {
  chat_gateway_connections: {
    type: "gauge",
    sentence: "Sockets that are connected now. What gateways are scaled by.",
    read: (from) => [{ value: from.connections() }],
  },
  chat_gateway_connects_total: {
    type: "counter",
    sentence: "Sockets that were let in.",
    read: ({ counters }) => [{ value: counters.connects }],
  },
  chat_gateway_sent_away_total: {
    type: "counter",
    sentence: "Sockets that were sent away to come back, perhaps to another gateway.",
    labels: { reason: "`drain`: the gateway stops; `age`: `CONNECTION_AGE_MAX_SECONDS`" },
    read: ({ counters }) => [
      { value: counters.sentAwayByDrain, labels: { reason: "drain" } },
      { value: counters.sentAwayByAge, labels: { reason: "age" } },
    ],
  },
  chat_gateway_slow_consumers_cut_total: {
    type: "counter",
    sentence: "Sockets that were cut because they did not read what they were sent.",
    read: ({ counters }) => [{ value: counters.slowConsumersCut }],
  },
  chat_gateway_stopping: {
    type: "gauge",
    sentence: "1 while the gateway stops: it takes no new sockets and sends away those it has.",
    read: (from) => [{ value: from.isStopping() ? 1 : 0 }],
  },
  chat_gateway_messages_committed_total: {
    type: "counter",
    sentence: "Messages that this gateway wrote.",
    read: ({ counters }) => [{ value: counters.messagesCommitted }],
  },
  chat_gateway_writer_queue: {
    type: "gauge",
    sentence: "Messages that wait to be written.",
    read: (from) => [{ value: from.writerQueue() }],
  },
  chat_gateway_deliveries_total: {
    type: "counter",
    sentence: "Events that were sent to sockets, one for each socket that got one.",
    read: ({ counters }) => [{ value: counters.deliveries }],
  },
  chat_gateway_log_events_total: {
    type: "counter",
    sentence: "Messages and other changes of rooms that this gateway committed while others might be listening.",
    labels: { told: "`yes`: the other gateways were told; `no`: none of them has a member of the room connected" },
    read: ({ counters }) => [
      { value: counters.eventsTold, labels: { told: "yes" } },
      { value: counters.eventsUntold, labels: { told: "no" } },
    ],
  },
  chat_gateway_gaps: {
    type: "gauge",
    sentence: "Rooms in which an event is known to be missing here and is being fetched.",
    read: (from) => [{ value: from.gaps() }],
  },
  chat_gateway_gap_reads_total: {
    type: "counter",
    sentence: "Readings of a room's log because an event had not come by itself: a notification was lost or late.",
    read: ({ counters }) => [{ value: counters.gapReads }],
  },
  chat_gateway_catch_ups_total: {
    type: "counter",
    sentence: "Clients that came back and asked for what they had missed.",
    read: ({ counters }) => [{ value: counters.catchUps }],
  },
  chat_gateway_notification_errors_total: {
    type: "counter",
    sentence: "What went wrong between gateways. No event is lost by it: the log is read instead.",
    labels: {
      kind: "`lost`: the connection that listens broke; `dropped`: a notification could not be sent; `other`: errors of the adapter",
    },
    read: (from) => {
      const { losses, dropped, errors } = from.notifications();
      return [
        { value: losses, labels: { kind: "lost" } },
        { value: dropped, labels: { kind: "dropped" } },
        { value: errors, labels: { kind: "other" } },
      ];
    },
  },
  chat_gateway_database_connections: {
    type: "gauge",
    sentence: "Database connections of the pool, at most `DATABASE_POOL_MAX`.",
    labels: { state: "`busy` or `idle`" },
    read: (from) => {
      const { open, busy } = from.database();
      return [
        { value: busy, labels: { state: "busy" } },
        { value: open - busy, labels: { state: "idle" } },
      ];
    },
  },
  chat_gateway_database_waiting: {
    type: "gauge",
    sentence: "Calls that wait for a database connection.",
    read: (from) => [{ value: from.database().waiting }],
  },
  chat_gateway_http_requests_total: {
    type: "counter",
    sentence: "HTTP requests that were answered.",
    labels: {
      method: "",
      route: "as in the REST reference, `(none)` for paths that are none",
      status: "`2xx` to `5xx`",
    },
    read: ({ requests }) =>
      [...requests.routes()].flatMap(({ method, route, byStatusClass }) =>
        byStatusClass.flatMap((value, statusClass) =>
          value === 0 ? [] : [{ value, labels: { method, route, status: `${statusClass}xx` } }],
        ),
      ),
  },
  chat_gateway_http_request_seconds_total: {
    type: "counter",
    sentence: "Seconds that answering HTTP requests took, all together; by the number of requests, how long one takes.",
    labels: { method: "", route: "" },
    read: ({ requests }) =>
      [...requests.routes()].map(({ method, route, seconds }) => ({ value: seconds, labels: { method, route } })),
  },
  chat_gateway_event_loop_delay_seconds: {
    type: "gauge",
    sentence: "How late the event loop came to its work since the metrics were last read.",
    labels: { quantile: "`0.5`, `0.99`, or `1` for the worst" },
    read: ({ eventLoop }) => [
      { value: toDelay(eventLoop.percentile(50)), labels: { quantile: "0.5" } },
      { value: toDelay(eventLoop.percentile(99)), labels: { quantile: "0.99" } },
      { value: toDelay(eventLoop.max), labels: { quantile: "1" } },
    ],
  },
  process_resident_memory_bytes: {
    type: "gauge",
    sentence: "Memory that the process holds.",
    read: () => [{ value: process.memoryUsage.rss() }],
  },
  process_cpu_seconds_total: {
    type: "counter",
    sentence: "Processor time of the process.",
    labels: { mode: "`user` or `system`" },
    read: () => {
      const { user, system } = process.cpuUsage();
      return [
        { value: user / 1e6, labels: { mode: "user" } },
        { value: system / 1e6, labels: { mode: "system" } },
      ];
    },
  },
  process_start_time_seconds: {
    type: "gauge",
    sentence: "When the process started, in seconds since 1970.",
    read: () => [{ value: performance.timeOrigin / 1000 }],
  },
} as const satisfies Readonly<Record<string, Metric>>;

/** Nanoseconds between two looks -> seconds too late. */
const toDelay = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - eventLoopResolutionMs / 1000);
