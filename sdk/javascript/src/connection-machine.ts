import { type SendsarError, unableTo } from "./errors.ts";
import type { Step } from "./machine.ts";
import type { ConnectionState } from "./options.ts";

/**
 * How one user's connection behaves, as a pure function of phase and event; `connection.ts` does what it says. The table
 * and the rules (CN…) are in `SPEC.md`.
 *
 * A link is a try to open a socket, and then that socket; links are numbered in the order in which they are made.
 */
export type Phase =
  | { readonly name: "idle" }
  /** Nothing is up, and a link is being opened. */
  | ({ readonly name: "opening"; readonly link: number; readonly isRenewed: boolean } & Effort)
  /** Nothing is up, and the next try comes after a delay. */
  | ({ readonly name: "waiting"; readonly link: number } & Effort)
  /** One link is in use; `made` is the number of the latest one that was opened. */
  | { readonly name: "up"; readonly link: number; readonly made: number; readonly tries: number }
  /** One link is in use, and one with the next token is being opened. */
  | {
      readonly name: "replacing";
      readonly link: number;
      readonly next: number;
      readonly isRenewed: boolean;
      readonly tries: number;
    }
  /** A new link is in use, and the one before it stays until the rooms are joined on the new one. */
  | { readonly name: "handing-over"; readonly link: number; readonly old: number; readonly tries: number }
  | { readonly name: "ended" };

/** What is remembered while nothing is up. */
interface Effort {
  /** True until the connection was up for the first time. */
  readonly isFirst: boolean;
  /** Failed tries in a row; decides the next delay. */
  readonly tries: number;
  /** Why the last try failed; empty before that. */
  readonly lastReason: string;
}

/** What happens to a connection. News of a link that the phase does not hold is late, and changes nothing. */
export type ConnectionEvent =
  | { readonly type: "start" }
  /** The server has admitted the link; its token should be renewed after `renewInMs`, which may be infinite. */
  | { readonly type: "opened"; readonly link: number; readonly renewInMs: number }
  /** There is no other token yet than the one in use: nothing to open. */
  | { readonly type: "unchanged"; readonly link: number; readonly renewInMs: number }
  /** The server refused the token; another one may help. */
  | { readonly type: "token-refused"; readonly link: number; readonly error: SendsarError }
  /** The link did not come up, for a reason that passes. */
  | { readonly type: "failed"; readonly link: number; readonly error: SendsarError }
  /** The app's backend gave no session, for a reason that passes. */
  | { readonly type: "session-failed"; readonly link: number; readonly error: SendsarError }
  /** The link did not come up, and no further try can help. */
  | { readonly type: "refused"; readonly link: number; readonly error: SendsarError }
  /** A link that was up is closed, after `livedMs`. */
  | { readonly type: "closed"; readonly link: number; readonly reason: string; readonly livedMs: number }
  | { readonly type: "delay-over" }
  | { readonly type: "renewal-due" }
  | { readonly type: "deadline-over" }
  /** Every joined room was answered on the link. */
  | { readonly type: "rejoined"; readonly link: number }
  /** There is a reason to believe that a try would work now. */
  | { readonly type: "retry-now" }
  | { readonly type: "stop"; readonly error: SendsarError };

/** What is to be done. */
export type ConnectionEffect =
  /** Open the link with the token at hand, or with another one than the one that was refused. */
  | { readonly type: "open"; readonly link: number; readonly token: "fresh" | "renewed" }
  | { readonly type: "close"; readonly link: number }
  /** From now on this link is spoken and listened to. */
  | { readonly type: "use"; readonly link: number }
  /** Say on the link what has to be said on every new one. */
  | { readonly type: "greet"; readonly link: number }
  /** No link is in use any more. */
  | { readonly type: "drop" }
  /** Tell the app. */
  | { readonly type: "tell"; readonly state: ConnectionState; readonly reason?: string }
  /** Whoever waits for the connection may go on. */
  | { readonly type: "resolve" }
  /** Wait as long as the number of failed tries says. */
  | { readonly type: "start-delay"; readonly tries: number }
  | { readonly type: "start-timer"; readonly timer: "renewal" | "deadline"; readonly ms: number }
  | { readonly type: "stop-timer"; readonly timer: ConnectionTimer }
  /** Close what is open, stop what runs, and reject whoever waits. */
  | { readonly type: "end"; readonly error: SendsarError };

export type ConnectionTimer = "delay" | "renewal" | "deadline";

type Next = Step<Phase, ConnectionEffect>;

/** How long the first `connect` may take. */
export const connectMsMax = 30_000;

/** A link that lived this long was a good one: the next delay starts from the shortest. */
export const stableMs = 10_000;

/** When to try again to replace a link whose token is about to end. */
export const replaceRetryMs = 30_000;

/** The transition. Total: every phase has an answer to every event. */
export function stepConnection(phase: Phase, event: ConnectionEvent): Next {
  if (phase.name === "ended") return stay(phase);
  if (event.type === "stop") return end(event.error);
  switch (phase.name) {
    case "idle":
      return event.type === "start" ? begin() : stay(phase);
    case "opening":
      return whileOpening(phase, event);
    case "waiting":
      return whileWaiting(phase, event);
    case "up":
      return whileUp(phase, event);
    case "replacing":
      return whileReplacing(phase, event);
    case "handing-over":
      return whileHandingOver(phase, event);
  }
}

/** What the app is told of a phase. */
export function toConnectionState(phase: Phase): ConnectionState {
  switch (phase.name) {
    case "idle":
      return "connecting";
    case "opening":
    case "waiting":
      return phase.isFirst ? "connecting" : "reconnecting";
    case "ended":
      return "disconnected";
    default:
      return "connected";
  }
}

type In<Name extends Phase["name"]> = Extract<Phase, { readonly name: Name }>;

const stay = (phase: Phase): Next => [phase, []];

const begin = (): Next => [
  { name: "opening", link: 1, isRenewed: false, isFirst: true, tries: 0, lastReason: "" },
  [
    { type: "tell", state: "connecting" },
    { type: "start-timer", timer: "deadline", ms: connectMsMax },
    { type: "open", link: 1, token: "fresh" },
  ],
];

/** The app ended it, or nothing can help: for good. The app is told why, unless it was the app itself. */
const end = (error: SendsarError): Next => [
  { name: "ended" },
  [
    { type: "end", error },
    { type: "tell", state: "disconnected", ...(error.code !== "aborted" && { reason: error.reason }) },
  ],
];

const lateError = ({ lastReason }: Effort): SendsarError =>
  unableTo("connect", `not connected within ${connectMsMax / 1000} s${lastReason === "" ? "" : ` (${lastReason})`}`, {
    code: "timeout",
  });

const startRenewal = (ms: number): readonly ConnectionEffect[] =>
  ms === Infinity ? [] : [{ type: "start-timer", timer: "renewal", ms }];

function whileOpening(phase: In<"opening">, event: ConnectionEvent): Next {
  const { link, isFirst, tries } = phase;
  if (event.type === "deadline-over" && isFirst) return end(lateError(phase));
  if (!("link" in event) || event.link !== link) return stay(phase);
  switch (event.type) {
    case "opened":
      return [
        { name: "up", link, made: link, tries },
        [
          ...(isFirst ? [{ type: "stop-timer", timer: "deadline" } as const] : []),
          { type: "use", link },
          { type: "tell", state: "connected" },
          { type: "resolve" },
          { type: "greet", link },
          ...startRenewal(event.renewInMs),
        ],
      ];
    case "token-refused":
      if (phase.isRenewed) return end(event.error);
      return [{ ...phase, isRenewed: true }, [{ type: "open", link, token: "renewed" }]];
    case "session-failed":
      // Whoever calls `connect` is told at once what the own backend said.
      return isFirst ? end(event.error) : wait(phase, event.error.reason);
    case "failed":
      return wait(phase, event.error.reason);
    case "refused":
      return end(event.error);
    default:
      return stay(phase);
  }
}

const wait = ({ link, isFirst, tries }: In<"opening">, lastReason: string): Next => [
  { name: "waiting", link, isFirst, tries: tries + 1, lastReason },
  [{ type: "start-delay", tries }],
];

function whileWaiting(phase: In<"waiting">, event: ConnectionEvent): Next {
  const { isFirst, tries, lastReason } = phase;
  const link = phase.link + 1;
  const again: Phase = { name: "opening", link, isRenewed: false, isFirst, tries, lastReason };
  const open = { type: "open", link, token: "fresh" } as const;
  if (event.type === "delay-over") return [again, [open]];
  if (event.type === "retry-now") return [again, [{ type: "stop-timer", timer: "delay" }, open]];
  if (event.type === "deadline-over" && isFirst) return end(lateError(phase));
  return stay(phase);
}

function whileUp(phase: In<"up">, event: ConnectionEvent): Next {
  const { link, made, tries } = phase;
  if (event.type === "closed" && event.link === link) return goDown(tries, event, made);
  if (event.type === "renewal-due") return replace(link, made + 1, tries);
  return stay(phase);
}

const replace = (link: number, next: number, tries: number): Next => [
  { name: "replacing", link, next, isRenewed: false, tries },
  [{ type: "open", link: next, token: "fresh" }],
];

/** The link in use is gone. A link that is cut again and again must not start from the shortest delay every time. */
function goDown(tries: number, closed: Closed, lastLink: number): Next {
  const failures = triesAfter(tries, closed);
  return [
    { name: "waiting", link: lastLink, isFirst: false, tries: failures + 1, lastReason: closed.reason },
    [...dropWith(closed.reason), { type: "start-delay", tries: failures }],
  ];
}

type Closed = Extract<ConnectionEvent, { readonly type: "closed" }>;

const triesAfter = (tries: number, { livedMs }: Closed): number => (livedMs >= stableMs ? 0 : tries);

const dropWith = (reason: string): readonly ConnectionEffect[] => [
  { type: "stop-timer", timer: "renewal" },
  { type: "drop" },
  { type: "tell", state: "reconnecting", reason },
];

function whileReplacing(phase: In<"replacing">, event: ConnectionEvent): Next {
  const { link, next, isRenewed, tries } = phase;
  if (event.type === "closed" && event.link === link) {
    // The next link is on its way already.
    const effort: Effort = { isFirst: false, tries: triesAfter(tries, event), lastReason: event.reason };
    return [{ name: "opening", link: next, isRenewed, ...effort }, dropWith(event.reason)];
  }
  if (!("link" in event) || event.link !== next) return stay(phase);
  switch (event.type) {
    case "opened":
      return [
        { name: "handing-over", link: next, old: link, tries },
        [{ type: "use", link: next }, { type: "greet", link: next }, ...startRenewal(event.renewInMs)],
      ];
    case "unchanged":
      return keep(phase, event.renewInMs);
    case "token-refused":
      if (isRenewed) return end(event.error);
      return [{ ...phase, isRenewed: true }, [{ type: "open", link: next, token: "renewed" }]];
    case "failed":
    case "session-failed":
      return keep(phase, replaceRetryMs);
    case "refused":
      return end(event.error);
    default:
      return stay(phase);
  }
}

/** The link in use stays. */
const keep = ({ link, next, tries }: In<"replacing">, renewInMs: number): Next => [
  { name: "up", link, made: next, tries },
  [{ type: "close", link: next }, ...startRenewal(renewInMs)],
];

function whileHandingOver(phase: In<"handing-over">, event: ConnectionEvent): Next {
  const { link, old, tries } = phase;
  const closeOld = { type: "close", link: old } as const;
  if (event.type === "renewal-due") {
    const [next, effects] = replace(link, link + 1, tries);
    return [next, [closeOld, ...effects]];
  }
  if (!("link" in event)) return stay(phase);
  const isUsed = event.link === link;
  if (event.type === "rejoined" && isUsed) return [{ name: "up", link, made: link, tries }, [closeOld]];
  if (event.type !== "closed") return stay(phase);
  if (event.link === old) return [{ name: "up", link, made: link, tries }, []];
  if (!isUsed) return stay(phase);
  const [next, effects] = goDown(tries, event, link);
  return [next, [closeOld, ...effects]];
}
