import { type Metric, metrics } from "@sendsar/gateway/telemetry/metrics";
import { code, page, table } from "./markdown.ts";

/** The text of `docs/reference/metrics.md`. */
export const generateMetricsPage = (): string =>
  page("Metrics of the gateway", [
    "What `GET /metrics` on `ADMIN_PORT` answers, in Prometheus' text format. Counters begin at 0 with the process; each gateway tells of itself only. Nothing in them names a tenant, a user or a room.",
    table(
      ["Metric", "Type", "Labels", "Meaning"],
      Object.entries<Metric>(metrics).map(([name, { type, labels = {}, sentence }]) => [
        code(name),
        type,
        Object.entries(labels)
          .map(([label, values]) => (values === "" ? code(label) : `${code(label)}: ${values}`))
          .join("; "),
        sentence,
      ]),
    ),
    "## Probes",
    "On the same port, without a credential and without a body that matters:",
    table(
      ["Path", "Answers 200"],
      [
        ["`/livez`", "While the event loop turns. It never asks the database: to restart a gateway does not mend one."],
        ["`/startupz`", "Once the gateway has started: its database is usable and it listens on `PORT`."],
        [
          "`/readyz`",
          "While it should get traffic: the database answers, what other gateways commit is heard of, and no stop is under way. As on `PORT`.",
        ],
      ],
    ),
    "Otherwise they answer 503. All of them are there until the process ends, also while it drains.",
  ]);
