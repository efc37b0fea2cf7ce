import { createECDH, generateKeyPairSync, randomUUID } from "node:crypto";
import { limits } from "@sendsar/protocol/limits";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { searchDatabase } from "../../scripts/testing/database-search.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { createPushCredentials } from "../../scripts/testing/push-credentials.ts";
import { readTenantRows, requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import { createKeyRing } from "../src/auth/key-ring.ts";
import type { SealedRow } from "../src/auth/seal.ts";
import { appSecretBelongsTo } from "../src/auth/seal.ts";

// Contract §10 and threats G09, G10, K01, K04: the credentials of push providers.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());
afterEach(() => {
  expect(loggedFailures(gateway)).toEqual([]);
});

const newCode = (): string => `app-${randomUUID()}`;
const good = createPushCredentials();
type Field = keyof typeof good;
const flags = {
  oneSignalConfig: "hasOneSignal",
  fcmConfig: "hasFcm",
  pushyConfig: "hasPushy",
  apnsConfig: "hasApns",
  webPushConfig: "hasWebPush",
} as const satisfies Record<Field, string>;

const create = (body: object) => gateway.a.api.post("/tenant-apps", body);
const change = (appCode: string, body: object) => gateway.a.api.patch(`/tenant-apps/${appCode}`, body);

interface SecretRow {
  readonly app_code: string;
  readonly provider: string;
  readonly sealed: string;
  readonly master_key_id: string;
}

const secretsOf = async (appCode: string): Promise<SecretRow[]> =>
  ((await readTenantRows(gateway.database.adminUrl, "a"))["app_secrets"] ?? [])
    .map((row) => JSON.parse(row) as SecretRow)
    .filter((row) => row.app_code === appCode);

const ring = () => createKeyRing({ kind: "master", masterKey: gateway.masterKey });
const open = ({ sealed, master_key_id: masterKeyId }: SecretRow, belongsTo: SealedRow): unknown =>
  JSON.parse(
    ring()
      .open({ sealed: Buffer.from(sealed.slice(2), "hex"), masterKeyId }, belongsTo)
      .toString(),
  ) as unknown;

describe("G09 credentials are written and never answered", () => {
  test("G09 flags tell which are there: after creation, change and removal, one by one", async () => {
    const appCode = newCode();
    expect(Object.keys((await create({ appCode, ...good })).body).toSorted()).toEqual(
      ["appCode", "createdAt", "isDefault", "name", "pushPayloadType", "updatedAt", ...Object.values(flags)].toSorted(),
    );
    for (const [field, flag] of Object.entries(flags)) {
      expect((await change(appCode, { [field]: null })).body[flag]).toBe(false);
      const others = Object.values(flags).filter((name) => name !== flag);
      const { body } = await gateway.a.api.get(`/tenant-apps/${appCode}`);
      for (const other of others) expect(body[other], `${other} after the removal of ${field}`).toBe(true);
      expect((await change(appCode, { [field]: good[field as Field] })).body[flag]).toBe(true);
    }
    // What is left out stays.
    expect((await change(appCode, { name: "Renamed" })).body).toMatchObject({ hasFcm: true, hasWebPush: true });
    expect(
      (await change(appCode, Object.fromEntries(Object.keys(good).map((field) => [field, null])))).body,
    ).toMatchObject({
      hasOneSignal: false,
      hasFcm: false,
      hasPushy: false,
      hasApns: false,
      hasWebPush: false,
    });
    expect(await secretsOf(appCode)).toEqual([]);
  });

  test("G09 K01 no answer, no log and no table has them", async () => {
    const appCode = newCode();
    const secrets = createPushCredentials();
    const answers = [
      await create({ appCode, ...secrets }),
      await change(appCode, secrets),
      await change("default", secrets),
      await gateway.a.api.get(`/tenant-apps/${appCode}`),
      await gateway.a.api.get("/tenant-apps"),
    ];
    const planted = [
      secrets.oneSignalConfig.restApiKey,
      secrets.fcmConfig.private_key_id,
      secrets.fcmConfig.private_key.split("\n")[5] ?? "",
      secrets.pushyConfig.apiKey,
      secrets.apnsConfig.key.split("\n")[1] ?? "",
      secrets.webPushConfig.privateKey,
    ];
    for (const secret of planted) {
      expect(secret.length).toBeGreaterThan(30);
      expect(answers.filter(({ body }) => JSON.stringify(body).includes(secret))).toEqual([]);
      expect(gateway.log.filter((line) => line.includes(secret))).toEqual([]);
      expect(await searchDatabase(gateway.database.adminUrl, secret)).toEqual([]);
    }
  });

  test("G09 a refusal does not quote what it refuses", async () => {
    const secret = `canary-${randomUUID()}`;
    for (const body of [
      { fcmConfig: { ...good.fcmConfig, private_key: secret } },
      { apnsConfig: { ...good.apnsConfig, key: secret } },
      { webPushConfig: { ...good.webPushConfig, privateKey: secret } },
      { oneSignalConfig: { restApiKey: secret } },
      { pushyConfig: secret },
    ]) {
      const answer = await create({ appCode: newCode(), ...body });
      expect(answer.status).toBe(400);
      expect(JSON.stringify(answer.body)).not.toContain(secret);
    }
    expect(gateway.log.join("")).not.toContain(secret);
  });
});

describe("K04 a sealed secret", () => {
  const providers = {
    ONESIGNAL: "oneSignalConfig",
    PUSHY: "pushyConfig",
    APNS: "apnsConfig",
    WEBPUSH: "webPushConfig",
  };

  test("K04 opens for its own tenant, app and provider, as it was given, and for no other", async () => {
    const appCode = newCode();
    await create({ appCode, ...good });
    const rows = await secretsOf(appCode);
    expect(rows.map(({ provider }) => provider).toSorted()).toEqual([...Object.keys(providers), "FCM"].toSorted());
    for (const row of rows) {
      expect(ring().isOwn(row.master_key_id, "a")).toBe(true);
      const plain = open(row, appSecretBelongsTo("a", appCode, row.provider));
      const field = row.provider === "FCM" ? "fcmConfig" : providers[row.provider as keyof typeof providers];
      expect(good[field as Field]).toMatchObject(plain as object);
      for (const other of [
        appSecretBelongsTo("b", appCode, row.provider),
        appSecretBelongsTo("a", newCode(), row.provider),
        appSecretBelongsTo("a", appCode, row.provider === "FCM" ? "APNS" : "FCM"),
      ]) {
        expect(() => open(row, other)).toThrow(/unable to authenticate|sealed with a key that this process has not/);
      }
    }
  });

  test("K04 is sealed anew each time, and what the provider does not need is not kept", async () => {
    const appCode = newCode();
    await create({ appCode, fcmConfig: { ...good.fcmConfig, extra: { deep: 1 } } });
    const [before] = await secretsOf(appCode);
    await change(appCode, { fcmConfig: good.fcmConfig });
    const [after] = await secretsOf(appCode);
    expect(after?.sealed).not.toBe(before?.sealed);
    const plain = before && open(before, appSecretBelongsTo("a", appCode, "FCM"));
    expect(plain).toEqual(after && open(after, appSecretBelongsTo("a", appCode, "FCM")));
    expect(Object.keys(plain as object).toSorted()).toEqual([
      "client_email",
      "client_id",
      "private_key",
      "private_key_id",
      "project_id",
      "token_uri",
      "type",
      "universe_domain",
    ]);
  });

  test("10 OneSignal's older spelling is taken and stored as the newer one", async () => {
    const appCode = newCode();
    const made = await create({ appCode, oneSignalConfig: { app_id: "x", rest_api_key: "y" } });
    expect(made).toMatchObject({ status: 201, body: { hasOneSignal: true } });
    const [row] = await secretsOf(appCode);
    expect(row && open(row, appSecretBelongsTo("a", appCode, "ONESIGNAL"))).toEqual({ appId: "x", restApiKey: "y" });
  });
});

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey;
const pem = (key: typeof rsa): string => key.export({ type: "pkcs8", format: "pem" }).toString();
const encrypted = rsa.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" }).toString();
const otherPair = createECDH("prime256v1");
const otherPublic = otherPair.generateKeys().toString("base64url");

const wrong: { readonly [F in Field]: Readonly<Record<string, readonly [path: string, change: unknown]>> } = {
  oneSignalConfig: {
    "only the app id": ["restApiKey", { restApiKey: undefined }],
    "only the key": ["appId", { appId: undefined }],
    "an empty key": ["restApiKey", { restApiKey: "" }],
  },
  pushyConfig: {
    "no key": ["apiKey", { apiKey: undefined }],
    "a key that is none": ["apiKey", { apiKey: 7 }],
  },
  fcmConfig: {
    "another kind of account": ["type", { type: "authorized_user" }],
    "no project": ["project_id", { project_id: undefined }],
    "a project that is a path": ["project_id", { project_id: "../../x" }],
    "an address of somebody else": ["client_email", { client_email: "push@evil.example.com" }],
    "an address that only begins like one": [
      "client_email",
      { client_email: "p@gserviceaccount.com.evil.example.com" },
    ],
    "an address of a name that ends like it": ["client_email", { client_email: "p@evilgserviceaccount.com" }],
    "G10 a token_uri of another host": ["token_uri", { token_uri: "https://evil.example.com/token" }],
    "G10 a token_uri that begins like Google's": [
      "token_uri",
      { token_uri: "https://oauth2.googleapis.com.evil.example.com/" },
    ],
    "G10 a token_uri that ends like Google's": ["token_uri", { token_uri: "https://evilgoogleapis.com/token" }],
    "G10 a token_uri with a user": ["token_uri", { token_uri: "https://oauth2.googleapis.com@evil.example.com/token" }],
    "G10 a token_uri with a port": ["token_uri", { token_uri: "https://oauth2.googleapis.com:8443/token" }],
    "G10 a token_uri without TLS": ["token_uri", { token_uri: "http://oauth2.googleapis.com/token" }],
    "G10 a token_uri with a line break": ["token_uri", { token_uri: "https://oauth2.googleapis.com/token\nx" }],
    "G10 no token_uri": ["token_uri", { token_uri: undefined }],
    "G10 another universe": ["universe_domain", { universe_domain: "evil.example.com" }],
    "a key that is no key": [
      "private_key",
      { private_key: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" },
    ],
    "a key of a curve": ["private_key", { private_key: pem(p384) }],
    "a key under a passphrase": ["private_key", { private_key: encrypted }],
    "too much of it": ["", { private_key_id: "x".repeat(255), private_key: "x".repeat(limits.appSecretBytesMax) }],
  },
  apnsConfig: {
    "an RSA key": ["key", { key: pem(rsa) }],
    "a key of another curve": ["key", { key: pem(p384) }],
    "no key": ["key", { key: undefined }],
    "a key id of another form": ["keyId", { keyId: "abc123defg" }],
    "a team id that is too short": ["teamId", { teamId: "DEF123GHI" }],
    "a bundle id with a slash": ["bundleId", { bundleId: "com/acme" }],
  },
  webPushConfig: {
    "a public key of another pair": ["privateKey", { publicKey: otherPublic }],
    "a private key of another pair": ["privateKey", { privateKey: otherPair.getPrivateKey("base64url") }],
    "a private key of zeros": ["privateKey", { privateKey: Buffer.alloc(32).toString("base64url") }],
    "a private key beyond the curve": ["privateKey", { privateKey: Buffer.alloc(32, 255).toString("base64url") }],
    "a private key of 31 bytes": ["privateKey", { privateKey: Buffer.alloc(31, 1).toString("base64url") }],
    "a public key that is no point": ["publicKey", { publicKey: Buffer.alloc(65, 4).toString("base64url") }],
    "a subject that is no URL": ["subject", { subject: "ops" }],
    "a subject without TLS": ["subject", { subject: "http://acme.example" }],
  },
};

describe("credentials that cannot work are refused and named", () => {
  const cases = Object.entries(wrong).flatMap(([field, faults]) =>
    Object.entries(faults).map(
      ([name, [path, change]]) => [`${field}: ${name}`, field as Field, path, change] as const,
    ),
  );
  test.for(cases)("%s", async ([, field, path, changes]) => {
    await requireUnchanged(gateway.database.adminUrl, ["a", "b"], async () => {
      const body = { [field]: { ...good[field], ...(changes as object) } };
      for (const answer of [await create({ appCode: newCode(), ...body }), await change("default", body)]) {
        expect(answer).toMatchObject({ status: 400, body: { code: "invalid_request" } });
        expect(answer.body.details.map((detail: { path: string }) => detail.path)).toContain(
          path === "" ? field : `${field}.${path}`,
        );
      }
    });
  });

  test.for([7, "text", true, [], [good.pushyConfig]])("what is no object: %j", async (value) => {
    for (const field of Object.keys(good)) {
      expect(await create({ appCode: newCode(), [field]: value })).toMatchObject({
        status: 400,
        body: { details: [{ path: field }] },
      });
    }
  });
});
