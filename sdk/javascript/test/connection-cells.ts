import { type ConnectionEvent, type Phase, stepConnection } from "../src/connection-machine.ts";
import { SendsarError } from "../src/errors.ts";

/** An error that says nothing of its own. */
export const error = new SendsarError("not now", { code: "network" });
const effort = { tries: 2, lastReason: "gone" };

/** Every phase, in every form that the rules tell apart. Link 5 is in use, or else the one that is being opened. */
export const phases: Readonly<Record<string, Phase>> = {
  idle: { name: "idle" },
  "opening, first": { name: "opening", link: 5, isRenewed: false, isFirst: true, ...effort },
  "opening, first, renewed": { name: "opening", link: 5, isRenewed: true, isFirst: true, ...effort },
  opening: { name: "opening", link: 5, isRenewed: false, isFirst: false, ...effort },
  "opening, renewed": { name: "opening", link: 5, isRenewed: true, isFirst: false, ...effort },
  "waiting, first": { name: "waiting", link: 5, isFirst: true, ...effort },
  waiting: { name: "waiting", link: 5, isFirst: false, ...effort },
  up: { name: "up", link: 5, made: 5, tries: 2 },
  replacing: { name: "replacing", link: 5, next: 6, isRenewed: false, tries: 2 },
  "replacing, renewed": { name: "replacing", link: 5, next: 6, isRenewed: true, tries: 2 },
  "handing-over": { name: "handing-over", link: 5, old: 4, tries: 2 },
  ended: { name: "ended" },
};

/** Every event, about a link. `closed` is of the link in use, `closed, old` of the one before it. */
export const events: Readonly<Record<string, (link: number) => ConnectionEvent>> = {
  start: () => ({ type: "start" }),
  opened: (link) => ({ type: "opened", link, renewInMs: 7000 }),
  unchanged: (link) => ({ type: "unchanged", link, renewInMs: 7000 }),
  "token-refused": (link) => ({ type: "token-refused", link, error }),
  failed: (link) => ({ type: "failed", link, error }),
  "session-failed": (link) => ({ type: "session-failed", link, error }),
  refused: (link) => ({ type: "refused", link, error }),
  closed: (link) => ({ type: "closed", link, reason: "cut", livedMs: 0 }),
  "closed, old": (link) => ({ type: "closed", link, reason: "cut", livedMs: 0 }),
  "delay-over": () => ({ type: "delay-over" }),
  "renewal-due": () => ({ type: "renewal-due" }),
  "deadline-over": () => ({ type: "deadline-over" }),
  rejoined: (link) => ({ type: "rejoined", link }),
  "retry-now": () => ({ type: "retry-now" }),
  stop: () => ({ type: "stop", error }),
};

/** The link that an event of this name is about, in this phase. */
export function linkOf(phase: Phase, event: string): number {
  if (phase.name === "replacing" && event !== "closed") return phase.next;
  if (phase.name === "handing-over" && event === "closed, old") return phase.old;
  return "link" in phase && event !== "closed, old" ? phase.link : 99;
}

/** `stays`, or the next phase with the effects. */
export function outcomeOf(phase: Phase, event: ConnectionEvent): string {
  const [next, effects] = stepConnection(phase, event);
  if (next === phase && effects.length === 0) return "stays";
  return `${next.name}: ${effects.map(({ type }) => type).join(" ")}`.trim();
}
