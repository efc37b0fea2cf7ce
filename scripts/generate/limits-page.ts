import { type LimitName, limitDocs, limits } from "@sendsar/protocol/limits";
import { toHumanLimit } from "./human-units.ts";
import { code, page, table } from "./markdown.ts";

/** The text of `docs/reference/limits.md`. */
export const generateLimitsPage = (): string =>
  page("Limits", [
    introduction,
    table(
      ["Limit", "Name", "What it bounds, and what happens there"],
      (Object.keys(limits) as LimitName[]).map((name) => [
        toHumanLimit(name, limits[name]),
        code(name),
        limitDocs[name],
      ]),
    ),
  ]);

const introduction = [
  "Where nothing else is said, going over a limit answers 400 `invalid_request` and `details` names the field.",
  "Characters are UTF-16 code units, as `length` counts them in JavaScript: most emoji are two. 1 KiB is 1,024 bytes.",
].join(" ");
