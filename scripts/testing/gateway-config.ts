import type { Config } from "../../gateway/src/config.ts";

type Given = Pick<Config, "databaseUrl"> & Partial<Config>;

/** A configuration for a gateway in a test: on a free port of this machine, patient with nobody. */
export const createTestConfig = ({ masterKey, ...given }: Given & { readonly masterKey: string }): Config => ({
  port: 0,
  host: "127.0.0.1",
  fanout: { kind: "postgres", databaseUrl: given.databaseUrl },
  connectionsMax: 20_000,
  databasePoolMax: 4,
  keys: { kind: "master", masterKey },
  socketTransports: ["websocket", "polling"],
  rateLimits: false,
  trustedProxies: [],
  files: { kind: "none" },
  logLevel: "debug",
  adminPort: undefined,
  stop: { spreadMs: 1000, finishMs: 1000 },
  connectionAgeMsMax: undefined,
  ...given,
});
