import type { Config } from "../../gateway/src/config.ts";

/** A configuration for a gateway in a test: on a free port of this machine, patient with nobody. */
export const createTestConfig = (given: Pick<Config, "databaseUrl" | "masterKey"> & Partial<Config>): Config => ({
  port: 0,
  host: "127.0.0.1",
  fanout: { kind: "postgres", databaseUrl: given.databaseUrl },
  databasePoolMax: 4,
  socketTransports: ["websocket", "polling"],
  rateLimits: false,
  trustedProxies: [],
  files: { kind: "none" },
  logLevel: "debug",
  shutdownGraceMs: 2000,
  ...given,
});
