import type { DestinationStream, Logger } from "pino";
import { pino } from "pino";
import type { OperatorConfig } from "../config.ts";
import { sentenceOf } from "./sentence.ts";

/**
 * JSON lines on standard output. A reconcile logs with `tenant` (`namespace/name`) and `reconcile` (an id, the same on all
 * lines of one visit). Credentials never get here; should one, it is blotted out.
 */
export const createLogger = (
  level: OperatorConfig["logLevel"],
  destination: DestinationStream = pino.destination(1),
): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { error: toLoggedError },
      redact: {
        paths: [
          "*.token",
          "*.apiKey",
          "*.webhookSecret",
          "*.tenantKey",
          "*.databaseUrl",
          "*.authorization",
          "*.password",
        ],
        censor: "[redacted]",
      },
    },
    destination,
  );

const toLoggedError = (error: unknown): object => ({
  message: sentenceOf(error),
  ...(error instanceof Error && { name: error.name }),
  ...(isMistake(error) && { stack: error.stack }),
});

/** A `TypeError` and its like are ours to repair: where it happened is what we need to know. */
const isMistake = (error: unknown): error is Error =>
  error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
