/**
 * What is counted, and how much of it is let through: per user, and for all users of a tenant together. `count` at once,
 * and again as much every `seconds`. Over it a call answers 429 `rate_limited` and a socket event `error`. A tenant's
 * numbers can be set otherwise; `GET /rate-limits` tells the caller's. Source of docs/reference/limits.md.
 *
 * When a gateway goes away, all its clients come back at once, and that is no misuse: opening sockets and catching up have
 * no number for the tenant, joining rooms and reading have a large one.
 */
export const rateLimits = {
  "send-message": {
    user: { count: 20, seconds: 2 },
    tenant: { count: 400, seconds: 2 },
    what: "Messages sent or forwarded; a forward counts once for each room",
  },
  "change-message": {
    user: { count: 40, seconds: 4 },
    tenant: { count: 800, seconds: 4 },
    what: "Edits, deletions, reactions, pins",
  },
  receipt: {
    user: { count: 100, seconds: 5 },
    tenant: { count: 2000, seconds: 5 },
    what: "Read and delivery receipts",
  },
  typing: {
    user: { count: 20, seconds: 4 },
    tenant: { count: 400, seconds: 4 },
    what: "`typing` events of sockets that say that the user types",
  },
  "join-room": {
    user: { count: 50, seconds: 10 },
    tenant: { count: 20_000, seconds: 10 },
    what: "`join-room` events of sockets",
  },
  connect: { user: { count: 200, seconds: 60 }, what: "Sockets opened" },
  resume: { user: { count: 200, seconds: 60 }, what: "`resume` events of sockets" },
  "upload-presign": { user: { count: 30, seconds: 60 }, tenant: { count: 600, seconds: 60 }, what: "Uploads begun" },
  "call-start": { user: { count: 6, seconds: 60 }, tenant: { count: 120, seconds: 60 }, what: "Calls started" },
  "call-token-refresh": {
    user: { count: 12, seconds: 60 },
    tenant: { count: 240, seconds: 60 },
    what: "Media tokens of calls",
  },
  "create-token": {
    user: { count: 30, seconds: 60 },
    tenant: { count: 6000, seconds: 60 },
    what: "Session tokens, by the user they are for",
  },
  read: {
    user: { count: 200, seconds: 10 },
    tenant: { count: 20_000, seconds: 10 },
    what: "Everything that only reads",
  },
  write: {
    user: { count: 60, seconds: 10 },
    tenant: { count: 6000, seconds: 10 },
    what: "Everything else that changes something",
  },
} as const satisfies Record<string, RateLimit>;

/** An action that is counted. */
export type RateLimitAction = keyof typeof rateLimits;

/** A number of actions, and the seconds in which that many become free again. */
export interface Allowance {
  readonly count: number;
  readonly seconds: number;
}

/** What one user may do of an action, and what all users of a tenant together; without the latter as much as they like. */
export interface RateLimit {
  readonly user: Allowance;
  readonly tenant?: Allowance;
  readonly what: string;
}
