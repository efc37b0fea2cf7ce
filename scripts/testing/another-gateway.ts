import type { Config } from "../../gateway/src/config.ts";
import type { GatewayOptions } from "../../gateway/src/gateway.ts";
import { createGateway } from "../../gateway/src/gateway.ts";
import { createLogger } from "../../gateway/src/telemetry/logger.ts";
import { createTestConfig } from "./gateway-config.ts";
import type { TestGateway } from "./gateway.ts";

/** One more gateway on the database of another, as a second pod is. */
export interface AnotherGateway extends AsyncDisposable {
  /** Origin, without `/v1`. */
  readonly url: string;
  /** Everything that it logged, one JSON object per line. */
  readonly log: readonly string[];
}

/** Starts it with the same database and master key. Dispose it before the first. */
export const startAnotherGateway = async (
  { database, masterKey }: Pick<TestGateway, "database" | "masterKey">,
  overrides: Partial<Config> = {},
  options: Partial<Omit<GatewayOptions, "logger">> = {},
): Promise<AnotherGateway> => {
  const log: string[] = [];
  const gateway = await createGateway(createTestConfig({ databaseUrl: database.gatewayUrl, masterKey, ...overrides }), {
    logger: createLogger("debug", { write: (line: string) => void log.push(line) }),
    checkResponses: true,
    ...options,
  });
  return { url: `http://127.0.0.1:${gateway.port}`, log, [Symbol.asyncDispose]: () => gateway.stop() };
};
