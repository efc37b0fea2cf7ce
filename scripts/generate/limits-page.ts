import { type LimitName, limitDocs, limits } from "@sendsar/protocol/limits";
import { type Allowance, type RateLimit, rateLimits } from "@sendsar/protocol/rate-limits";
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
    "## Rate limits",
    aboutRates,
    table(
      ["Action", "Per user", "Per tenant", "What is counted"],
      Object.entries<RateLimit>(rateLimits).map(([action, { user, tenant, what }]) => [
        code(action),
        allowanceText(user),
        tenant ? allowanceText(tenant) : "",
        what,
      ]),
    ),
    aboutGateways,
  ]);

const allowanceText = ({ count, seconds }: Allowance): string =>
  `${count.toLocaleString("en-US")} in ${toHumanLimit("windowSeconds", seconds)}`;

const introduction = [
  "Where nothing else is said, going over a limit answers 400 `invalid_request` and `details` names the field.",
  "Characters are UTF-16 code units, as `length` counts them in JavaScript: most emoji are two. 1 KiB is 1,024 bytes.",
].join(" ");

const aboutRates = [
  "So many at once, and as many again every so many seconds, at an even pace. Calls of a backend count for the tenant, and for the user in whose name they are, where there is one; tokens count for the user that they are for.",
  "Over a limit a call answers 429 `rate_limited` with `Retry-After`, in whole seconds, and a socket is sent `error` with that code, the event and the room; neither is counted. Every answer to an authenticated call says how the tighter limit stands, as the fields of the IETF draft [RateLimit header fields for HTTP, version 06](https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-06): `RateLimit-Limit`, `RateLimit-Remaining`, and `RateLimit-Reset`, the seconds until all are free again.",
  "A user who opens sockets too fast loses the connection instead, and comes back. `GET /rate-limits` tells the caller's numbers; those of a tenant can be set otherwise.",
].join("\n\n");

const aboutGateways = [
  "The limits hold for all gateways together. They count in memory and tell each other what they let through, about every 50 ms; what they let through too much within that time is waited for before the next. While they do not hear each other, each holds the limits by itself, so that N gateways let through up to N times as much; while the database is away, the numbers are those last known. Neither refuses anything that is within the limits.",
  "Wrong credentials are counted by address: that of the connection, or the one that a proxy named in `TRUSTED_PROXIES` reports; an IPv6 address stands for its network of 64 bits.",
].join("\n\n");
