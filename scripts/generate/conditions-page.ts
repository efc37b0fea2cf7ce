import { commonReasons, conditions } from "@sendsar/operator/tenant/conditions";
import { events } from "@sendsar/operator/tenant/events";
import type { ConditionDocs, Reasons } from "@sendsar/operator/tenant/reasons/reason";
import { code, page, table } from "./markdown.ts";

/** The text of `docs/reference/conditions.md`. */
export const generateConditionsPage = (): string =>
  page("Conditions and events of a Tenant", [
    introduction,
    ...Object.entries<ConditionDocs>(conditions).flatMap(([type, { meaning, reasons }]) => [
      `## ${type}`,
      meaning,
      reasonTable(reasons),
    ]),
    "## Reasons of every condition",
    "What can stop any part:",
    reasonTable(commonReasons),
    "## Events",
    aboutEvents,
    table(
      ["Reason", "Type", "What has happened", "What to do"],
      Object.entries(events).map(([reason, { type, meaning, advice }]) => [code(reason), type, meaning, advice]),
    ),
  ]);

const reasonTable = (reasons: Reasons): string =>
  table(
    ["Reason", "Status", "What it means", "What to do"],
    Object.entries(reasons).map(([reason, { status, meaning, advice }]) => [
      code(reason),
      status.join(" or "),
      meaning,
      advice,
    ]),
  );

const introduction = [
  "All conditions are in `status.conditions` from the operator's first visit on. True is always good. `observedGeneration` says which generation of the spec a condition is about, and `lastTransitionTime` when its status last became another; the message may change without that.",
  "A reason never changes its meaning, so alerts and scripts may rely on it. Messages are for people and may be worded otherwise tomorrow.",
].join("\n\n");

const aboutEvents =
  "kubectl describes a Tenant with its events. They are gone after an hour, so what counts stands in conditions. When `Ready` changes its status or reason, an event of that reason and message tells so; the others are these:";
