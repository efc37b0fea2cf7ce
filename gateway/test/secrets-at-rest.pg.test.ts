import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startAnotherGateway } from "../../scripts/testing/another-gateway.ts";
import { createTestClient } from "../../scripts/testing/client.ts";
import { searchDatabase } from "../../scripts/testing/database-search.ts";
import { readForgerKey } from "../../scripts/testing/forge-token.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { expectNoInsides, expectRefusal } from "../../scripts/testing/refusals.ts";
import { mintToken, seedRoom } from "../../scripts/testing/seed-room.ts";
import { readTenantRows } from "../../scripts/testing/tenant-rows.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { createKeyRing } from "../src/auth/key-ring.ts";
import { secretBelongsTo } from "../src/auth/seal.ts";

interface SecretRow {
  readonly kind: string;
  readonly secret_id: string;
  readonly sealed: string;
  readonly master_key_id: string;
}

let gateway: TestGateway;
let adminUrl: string;
let token: string;
let rotated: string;
beforeAll(async () => {
  gateway = await startTestGateway();
  ({ adminUrl } = gateway.database);
  await seedRoom(gateway.a.api, { people: ["ann", "bo"], externalId: "secrets" });
  await seedRoom(gateway.b.api, { people: ["ann", "bo"], externalId: "secrets" });
  token = await mintToken(gateway.a.api, "ann");
  rotated = (await gateway.provisioner.rotateKey("a", 3600)).apiKey;
});
afterAll(() => gateway[Symbol.asyncDispose]());

const secretsOf = async (tenantId: string): Promise<SecretRow[]> =>
  ((await readTenantRows(adminUrl, tenantId))["tenant_secrets"] ?? []).map((row) => JSON.parse(row) as SecretRow);
const toBytes = (written: string) => Buffer.from(written.replace(/^\\x/, ""), "hex");

describe("a dump of the database", () => {
  test("has none of the secrets, in any table, in any writing", async () => {
    const { raw } = await readForgerKey(adminUrl, gateway.masterKey, "a");
    const secrets: Readonly<Record<string, string | Buffer>> = {
      "API key": gateway.a.apiKey,
      "API key after a rotation": rotated,
      "API key without its prefix and checksum": gateway.a.apiKey.slice(3, -6),
      "webhook secret": gateway.a.webhookSecret,
      "webhook secret without its prefix": gateway.a.webhookSecret.slice("whsec_".length),
      "bytes of the webhook secret": Buffer.from(gateway.a.webhookSecret.slice("whsec_".length), "hex"),
      "session key": raw,
      "session token": token,
      "master key": gateway.masterKey,
      "bytes of the master key": Buffer.from(gateway.masterKey, "base64"),
      "password of the gateway's login": decodeURIComponent(new URL(gateway.database.gatewayUrl).password),
    };
    for (const [name, secret] of Object.entries(secrets)) {
      expect(await searchDatabase(adminUrl, secret), name).toEqual([]);
    }
  });

  test("is searched so that each writing of a secret would be found", async () => {
    const secret = `needle ${randomBytes(24).toString("hex")}`;
    const bytes = Buffer.from(secret);
    await runOn(
      adminUrl,
      "create table public.leak (plain text, other jsonb, bytes bytea)",
      `insert into public.leak values ('a ${secret} b', null, null)`,
    );
    expect(await searchDatabase(adminUrl, secret)).toEqual(["public.leak: plain"]);
    await runOn(
      adminUrl,
      `insert into public.leak values (null, '["${bytes.toString("base64")}"]', '\\x${bytes.toString("hex")}')`,
    );
    const found = await searchDatabase(adminUrl, bytes);
    expect(found).toEqual(expect.arrayContaining(["public.leak: hex", "public.leak: base64"]));
    await runOn(adminUrl, "drop table public.leak");
    expect(await searchDatabase(adminUrl, secret)).toEqual([]);
  });

  test("has of an API key its SHA-256 and its last four characters, and nothing else", async () => {
    const keys = ((await readTenantRows(adminUrl, "a"))["api_keys"] ?? []).map((row) => JSON.parse(row));
    const expected = [
      { apiKey: gateway.a.apiKey, expires_at: expect.any(String) },
      { apiKey: rotated, expires_at: null },
    ].map(({ apiKey, expires_at }) => ({
      tenant_id: "a",
      key_id: expect.any(String),
      key_hash: `\\x${createHash("sha256").update(apiKey).digest("hex")}`,
      hint: apiKey.slice(-4),
      created_at: expect.any(String),
      expires_at,
    }));
    expect(keys).toEqual(expect.arrayContaining(expected));
    expect(keys).toHaveLength(2);
  });
});

test("the log has none of the secrets either", () => {
  const { a, masterKey, log } = gateway;
  expect(log.join("")).toContain('"route":"/v1/auth/token"');
  for (const secret of [a.apiKey, rotated, a.webhookSecret, token, masterKey]) {
    expect(log.filter((line) => line.includes(secret))).toEqual([]);
  }
});

describe("a sealed secret", () => {
  const ring = (masterKey = gateway.masterKey) => createKeyRing({ kind: "master", masterKey });
  const doesNotOpen =
    /sealed with a key that this process has not|unable to authenticate data|Invalid authentication tag length|Invalid initialization vector/;

  test("opens for its own tenant, kind and id", async () => {
    const rows = await secretsOf("a");
    expect(rows.map(({ kind }) => kind).toSorted()).toEqual(["session_key", "webhook_secret"]);
    const opened = rows.map(({ kind, secret_id, sealed, master_key_id }) => {
      expect(ring().isOwn(master_key_id, "a")).toBe(true);
      const stored = { sealed: toBytes(sealed), masterKeyId: master_key_id };
      return [kind, ring().open(stored, secretBelongsTo("a", kind, secret_id))] as const;
    });
    const plain = Object.fromEntries(opened);
    expect(plain["session_key"]).toHaveLength(32);
    expect(plain["webhook_secret"]?.toString()).toBe(gateway.a.webhookSecret);
  });

  test("does not open for another tenant, kind or id, with another key, or changed by one bit", async () => {
    const rows = await secretsOf("a");
    for (const { kind, secret_id, sealed, master_key_id: masterKeyId } of rows) {
      const bytes = toBytes(sealed);
      const other = rows.find((row) => row.kind !== kind);
      for (const belongsTo of [
        secretBelongsTo("b", kind, secret_id),
        secretBelongsTo("a", other?.kind ?? "", secret_id),
        secretBelongsTo("a", kind, other?.secret_id ?? ""),
        { tenantId: "a", row: "" },
        { tenantId: "a", row: `b/${kind}/${secret_id}` },
      ]) {
        expect(() => ring().open({ sealed: bytes, masterKeyId }, belongsTo)).toThrow(doesNotOpen);
      }
      const belongsTo = secretBelongsTo("a", kind, secret_id);
      const stranger = ring(randomBytes(32).toString("base64"));
      const strangersId = stranger.seal(Buffer.alloc(1), belongsTo).masterKeyId;
      for (const id of [masterKeyId, strangersId]) {
        expect(() => stranger.open({ sealed: bytes, masterKeyId: id }, belongsTo)).toThrow(doesNotOpen);
      }
      for (const index of bytes.keys()) {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
        expect(() => ring().open({ sealed: changed, masterKeyId }, belongsTo)).toThrow(doesNotOpen);
      }
      for (const length of [0, 12, 27, 28, bytes.length - 1]) {
        expect(() => ring().open({ sealed: bytes.subarray(0, length), masterKeyId }, belongsTo)).toThrow(doesNotOpen);
      }
    }
  });

  test("is another one each time, for the same text and the same row", () => {
    const keys = ring();
    const sealed = new Set(
      Array.from({ length: 1000 }, () =>
        keys.seal(Buffer.from("same"), { tenantId: "a", row: "row" }).sealed.toString("hex"),
      ),
    );
    expect(sealed.size).toBe(1000);
  });

  test("copied to another tenant's row does not work there: b's tokens are not signed with a's key", async () => {
    const copy = (from: string, to: string) =>
      runOn(
        adminUrl,
        `update sendsar.tenant_secrets mine set sealed = theirs.sealed from sendsar.tenant_secrets theirs
         where mine.tenant_id = '${to}' and mine.kind = 'session_key' and theirs.tenant_id = '${from}'
           and theirs.kind = 'session_key'`,
      );
    const { sealed: ofB = "" } = (await secretsOf("b")).find(({ kind }) => kind === "session_key") ?? {};
    await copy("a", "b");
    // A gateway that starts now, so that nothing is remembered.
    await using fresh = await startAnotherGateway(gateway);
    const refused = await createTestClient(fresh.url, { "x-api-key": gateway.b.apiKey }).post("/auth/token", {
      userId: "ann",
    });
    expectRefusal(refused, "internal");
    expectNoInsides(JSON.stringify(refused.body));
    const ofA = createTestClient(fresh.url, { "x-api-key": rotated });
    expect((await ofA.post("/auth/token", { userId: "ann" })).status).toBe(200);
    await runOn(
      adminUrl,
      `update sendsar.tenant_secrets set sealed = '${ofB}' where tenant_id = 'b' and kind = 'session_key'`,
    );
    expect((await secretsOf("b")).find(({ kind }) => kind === "session_key")?.sealed).toBe(ofB);
  });
});
