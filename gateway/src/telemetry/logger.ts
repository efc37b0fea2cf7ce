import type { DestinationStream, Logger } from "pino";
import { pino } from "pino";
import type { Config } from "../config.ts";

/** JSON lines on standard output. Credentials never get here; should one, it is blotted out. */
export const createLogger = (level: Config["logLevel"], destination: DestinationStream = pino.destination(1)): Logger =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: ["*.token", "*.apiKey", "*.authorization", '*["x-api-key"]', "*.password"],
        censor: "[redacted]",
      },
    },
    destination,
  );
