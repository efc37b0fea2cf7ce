import { describe, expect, test } from "vitest";
import type { Config } from "../src/config.ts";
import { ConfigError, readConfig } from "../src/config.ts";

const minimal = { DATABASE_URL: "postgres://u:p@db/chat", MASTER_KEY: Buffer.alloc(32).toString("base64") };
const refusal = (env: Readonly<Record<string, string>>): string => {
  try {
    readConfig({ ...minimal, ...env });
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return "accepted";
};

describe("FANOUT", () => {
  const fanoutOf = (env: Readonly<Record<string, string>>): Config["fanout"] =>
    readConfig({ ...minimal, ...env }).fanout;

  test("is Postgres by default, on the database or on the way to it that bypasses a pooler", () => {
    expect(fanoutOf({})).toEqual({ kind: "postgres", databaseUrl: minimal.DATABASE_URL });
    const LISTEN_DATABASE_URL = "postgres://u:p@direct/chat";
    expect(fanoutOf({ LISTEN_DATABASE_URL })).toEqual({ kind: "postgres", databaseUrl: LISTEN_DATABASE_URL });
    // An empty variable is an absent one.
    expect(fanoutOf({ FANOUT: "", REDIS_URL: "", LISTEN_DATABASE_URL: "" })).toEqual(fanoutOf({}));
  });

  test("may be Redis Streams, and then needs its URL", () => {
    const REDIS_URL = "rediss://u:p@redis:6380";
    expect(fanoutOf({ FANOUT: "redis-streams", REDIS_URL })).toEqual({ kind: "redis-streams", redisUrl: REDIS_URL });
    expect(refusal({ FANOUT: "redis-streams" })).toBe(
      "unable to read the configuration; REDIS_URL: is not set, and FANOUT=redis-streams needs it",
    );
  });

  test("is nothing else, and no secret is in the refusal", () => {
    expect(refusal({ FANOUT: "kafka" })).toMatch(/^unable to read the configuration; FANOUT: /);
    const sentence = refusal({ FANOUT: "redis-streams", REDIS_URL: "http://u:secret@redis" });
    expect(sentence).toBe("unable to read the configuration; REDIS_URL: must be a redis:// or rediss:// URL");
  });
});

describe("limits", () => {
  test("are in force, and no proxy is trusted, unless the environment says so", () => {
    expect(readConfig(minimal)).toMatchObject({ rateLimits: true, trustedProxies: [] });
    expect(readConfig({ ...minimal, RATE_LIMITS: "off" }).rateLimits).toBe(false);
    expect(refusal({ RATE_LIMITS: "no" })).toMatch(/^unable to read the configuration; RATE_LIMITS: /);
  });

  test("by address trust the proxies that are named, and nothing that is no address", () => {
    const { trustedProxies } = readConfig({ ...minimal, TRUSTED_PROXIES: "10.0.0.0/8, loopback,fd00::1" });
    expect(trustedProxies).toEqual(["10.0.0.0/8", "loopback", "fd00::1"]);
    for (const TRUSTED_PROXIES of ["*", "10.0.0.0/8,proxy.example", "10.0.0.0/40", "10"]) {
      expect(refusal({ TRUSTED_PROXIES })).toBe(
        "unable to read the configuration; TRUSTED_PROXIES: must be addresses or ranges like 10.0.0.0/8, by commas",
      );
    }
  });
});

describe("whom it serves", () => {
  const key = Buffer.alloc(32, 1).toString("base64");
  const dedicated = { MASTER_KEY: "", TENANT_ID: "acme", TENANT_KEY: key };

  test("all tenants with the master key, one with its id and its key, and nothing in between", () => {
    expect(readConfig(minimal).keys).toEqual({ kind: "master", masterKey: minimal.MASTER_KEY });
    expect(readConfig({ ...minimal, ...dedicated }).keys).toEqual({ kind: "tenant", tenantId: "acme", tenantKey: key });
    const sentences: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      "MASTER_KEY: is not set; a gateway has it, or TENANT_ID and TENANT_KEY to serve one tenant only": {
        MASTER_KEY: "",
      },
      "MASTER_KEY: is set together with TENANT_ID; a gateway of one tenant has only TENANT_KEY": {
        TENANT_ID: "acme",
        TENANT_KEY: key,
      },
      "TENANT_KEY: is not set, and TENANT_ID needs it": { MASTER_KEY: "", TENANT_ID: "acme" },
      "TENANT_KEY: is set, and TENANT_ID is not": { TENANT_KEY: key },
      "TENANT_KEY: must be 32 bytes in base64": { ...dedicated, TENANT_KEY: "secret" },
      "TENANT_ID: must be 1-48 lower-case letters, digits and inner dashes, as tenants have": {
        ...dedicated,
        TENANT_ID: "*",
      },
    };
    for (const [reason, env] of Object.entries(sentences)) {
      expect(refusal(env)).toBe(`unable to read the configuration; ${reason}`);
    }
  });
});

describe("how it ends, and who is told", () => {
  test("sockets go in half of the grace, or over their own time; nothing is served to those who run it unless asked for", () => {
    expect(readConfig(minimal)).toMatchObject({
      stop: { spreadMs: 1500, finishMs: 1500 },
      adminPort: undefined,
      connectionAgeMsMax: undefined,
    });
    const env = { ...minimal, DRAIN_SPREAD_SECONDS: "45", ADMIN_PORT: "9090", CONNECTION_AGE_MAX_SECONDS: "3600" };
    expect(readConfig(env)).toMatchObject({
      stop: { spreadMs: 45_000, finishMs: 3000 },
      adminPort: 9090,
      connectionAgeMsMax: 3_600_000,
    });
    expect(refusal({ CONNECTION_AGE_MAX_SECONDS: "0" })).toMatch(/; CONNECTION_AGE_MAX_SECONDS: /);
  });
});

test("every variable that does not fit is named at once", () => {
  expect(refusal({ PORT: "x", DATABASE_URL: "", LOG_LEVEL: "loud" })).toMatch(
    /; PORT: .*; DATABASE_URL: is not set; LOG_LEVEL: /,
  );
});
