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

test("every variable that does not fit is named at once", () => {
  expect(refusal({ PORT: "x", DATABASE_URL: "", LOG_LEVEL: "loud" })).toMatch(
    /; PORT: .*; DATABASE_URL: is not set; LOG_LEVEL: /,
  );
});
