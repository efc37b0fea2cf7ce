import { once } from "node:events";
import { hostname } from "node:os";
import { parseArgs } from "node:util";
import type { Logger } from "pino";
import { v7 as newId } from "uuid";
import type { OperatorConfig } from "./config.ts";
import { ConfigError, readOperatorConfig } from "./config.ts";
import { loadKubeAccess } from "./kube/kube-config.ts";
import { createRealClock } from "./kube/real-clock.ts";
import { createOperator } from "./operator.ts";
import { createLogger } from "./telemetry/logger.ts";
import { sentenceOf } from "./telemetry/sentence.ts";
import type { Tracing } from "./telemetry/tracing.ts";
import { noTracing, startTracing } from "./telemetry/tracing.ts";

const usage = `Usage: node operator/src/main.ts [--dry-run]

Looks after the Tenants of a cluster: https://kubernetes.io/docs/concepts/extend-kubernetes/operator/

  --dry-run   tell what would change, and change nothing
  --help      this

The API server is found as kubectl finds it: KUBECONFIG, ~/.kube/config, or the service account of the pod.
Environment: docs/reference/operator-configuration.md. Needed: ADMIN_DATABASE_URL, MASTER_KEY, GATEWAY_IMAGE.

Ends with 0 when it was told to stop, 1 when it could not start or failed, 2 for an unknown option, and 3 when it no longer
leads: whatever started it starts it again, and it stands for election.
`;

/** The process ended because another operator leads, or may. */
const exitCodeLost = 3;

/** Runs an operator until a signal, or until the process that started it with a channel goes away. */
const main = async (args: readonly string[]): Promise<void> => {
  const { values } = parseArgs({
    args: [...args],
    options: { "dry-run": { type: "boolean" }, help: { type: "boolean" } },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  // Before anything that takes time: who asks to stop while the operator starts must not be missed.
  const asked = Promise.race([
    once(process, "SIGTERM"),
    once(process, "SIGINT"),
    ...(process.channel ? [once(process, "disconnect")] : []),
  ]);
  const config = readOperatorConfig(values["dry-run"] ? { DRY_RUN: "on" } : {});
  const logger = createLogger(config.logLevel);
  await using tracing = await openTracing(config);
  await using operator = await createOperator(config, {
    access: loadKubeAccess(createRealClock()),
    logger,
    tracing,
    onLost: (reason) => endAtOnce(logger, reason),
  });
  const { healthPort, metricsPort } = operator;
  logger.info({ healthPort, metricsPort, dryRun: config.dryRun }, "started");
  if (process.connected) process.send?.({ healthPort, metricsPort });
  await Promise.race([asked, operator.work]);
  logger.info("stopping");
};

/**
 * Two that lead would write against each other, and whatever still runs here does not know it: nothing is waited for. Log
 * lines are written synchronously, so that this one is out.
 */
const endAtOnce = (logger: Logger, reason: string): void => {
  logger.fatal({ reason }, "leadership lost, ending at once");
  process.exit(exitCodeLost);
};

const openTracing = ({ tracing, podName }: OperatorConfig): Promise<Tracing> =>
  tracing
    ? startTracing({ name: tracing.serviceName, instanceId: `${podName ?? hostname()}_${newId()}` })
    : Promise.resolve(noTracing);

const leaveParent = (): void => {
  // The channel to a parent would keep the process alive.
  if (process.connected) process.disconnect();
};

main(process.argv.slice(2)).then(leaveParent, (error: unknown) => {
  process.stderr.write(`${sentenceOf(error)}\n`);
  const isUnknownOption = (error as { code?: unknown }).code === "ERR_PARSE_ARGS_UNKNOWN_OPTION";
  process.exitCode = isUnknownOption && !(error instanceof ConfigError) ? 2 : 1;
  leaveParent();
});
