import { once } from "node:events";
import { readConfig } from "./config.ts";
import { createGateway } from "./gateway.ts";
import { createLogger } from "./telemetry/logger.ts";

/** Runs a gateway until a signal, or until the process that started it with a channel goes away. */
const main = async (): Promise<void> => {
  // Before anything that takes time: who asks to stop while the gateway starts must not be missed.
  const stop = new AbortController();
  const asked = Promise.race([
    once(process, "SIGTERM"),
    once(process, "SIGINT"),
    ...(process.channel ? [once(process, "disconnect")] : []),
  ]).then(() => stop.abort());
  const config = readConfig();
  const logger = createLogger(config.logLevel);
  await using gateway = await createGateway(config, { logger, signal: stop.signal }).catch(orNothing(stop.signal));
  if (!gateway) return;
  logger.info({ port: gateway.port, adminPort: gateway.adminPort }, "ready");
  if (process.connected) process.send?.({ port: gateway.port });
  await asked;
  logger.info("stopping");
};

/** Whoever was told to stop while it started has nothing to report. */
const orNothing =
  (signal: AbortSignal) =>
  (error: unknown): undefined => {
    if (!signal.aborted) throw error;
  };

const leaveParent = (): void => {
  // The channel to a parent would keep the process alive.
  if (process.connected) process.disconnect();
};

main().then(leaveParent, (error: unknown) => {
  process.stderr.write(`${sentenceOf(error)}\n`);
  process.exitCode = 1;
  leaveParent();
});

/** With what lies below: whoever starts a gateway must learn why the database cannot be used. */
const sentenceOf = (error: unknown): string => {
  if (error instanceof AggregateError) return error.errors.map(sentenceOf).join("; ");
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}; ${sentenceOf(error.cause)}`;
};
