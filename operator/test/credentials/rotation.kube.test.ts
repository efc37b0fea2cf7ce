import { createApiKey } from "@sendsar/gateway/auth/api-key";
import { expect, test } from "vitest";
import { describeKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { runOn } from "../../../scripts/testing/test-server.ts";
import { resources } from "../../src/desired/kinds.ts";
import { toCredentialId } from "../../src/reconcile/rotation/credential-id.ts";
import type { Tenant } from "../../src/tenant/tenant.ts";
import { tenants } from "../../src/tenant/tenant-resource.ts";
import { requireNothingWritten } from "../database/row-versions.ts";
import { crashAt } from "./crashing-deps.ts";
import { conditionOf, openLifePlace } from "./life-place.ts";

const secrets = resources.secret;

/** Many visits each; on a busy machine they take their time. */
const timeoutMs = 120_000;

describeKube("rotation on a real API server and a real Postgres", (kube) => {
  const place = openLifePlace(kube);
  const secretOf = (name: string): string => `${name}-chat-credentials`;
  const keyOf = async (name: string): Promise<string> => (await place.readValues(secretOf(name)))["apiKey"] ?? "";
  const recordOf = async (name: string) => {
    const record = await place.readRecord((await place.get(name)).status?.tenantId ?? "");
    if (!record) throw new Error("the database has no such tenant");
    return record;
  };
  const endAll = (tenantId: string) =>
    runOn(
      place.database.adminUrl,
      `update sendsar.api_keys set expires_at = now() - interval '1 s' where tenant_id = '${tenantId}' and expires_at is not null`,
    );

  test("RO2 RO4 RO12 RO13 §5.3 create: from nothing to a Secret whose key works; then a visit writes nothing", async () => {
    const name = await place.makeReady({
      tenantId: "shop-blue",
      apiKey: { secretTemplate: { labels: { team: "blue" } } },
    });
    const secret = await place.readSecret(secretOf(name));
    const values = await place.readValues(secretOf(name));
    expect(Object.keys(values).toSorted()).toEqual([
      "apiKey",
      "apiKeyId",
      "apiUrl",
      "webhookSecret",
      "webhookSecretId",
    ]);
    expect(await place.provisioner.verifyKey(values["apiKey"] ?? "")).toBe("shop-blue");
    expect(values["apiKeyId"]).toBe(toCredentialId("apiKey", values["apiKey"] ?? ""));
    expect(secret?.metadata.labels).toMatchObject({ team: "blue", "app.kubernetes.io/managed-by": "sendsar-operator" });
    const { status } = await place.get(name);
    expect(status?.apiKey).toMatchObject({
      id: values["apiKeyId"],
      observedRotationToken: "",
      secretName: secretOf(name),
    });
    const before = await Promise.all([place.get(name), place.readSecret(secretOf(name)), recordOf(name)]);
    await requireNothingWritten(place.database.adminUrl, () => place.visit(name));
    const after = await Promise.all([place.get(name), place.readSecret(secretOf(name)), recordOf(name)]);
    expect(after.map(withoutTime)).toEqual(before.map(withoutTime));
  });

  // After the claim and the look at the login: the pending key, its row, its promotion, the others' end, the status.
  const points = [2, 3, 4, 5, 6].flatMap((write) => [
    { write, how: "refused" } as const,
    { write, how: "answer-lost" } as const,
  ]);
  test(
    "RO12 pitfall 21 §5.3 rotation: a crash at each of its writes leaves one key in force and one retiring",
    { timeout: timeoutMs },
    async () => {
      const name = await place.makeReady({ apiKey: { overlap: "1h" } });
      let reached = 0;
      for (const [index, point] of points.entries()) {
        const old = await keyOf(name);
        await place.patchSpec(name, { apiKey: { rotationToken: `token ${index}` } });
        const crashing = crashAt(await place.openDeps(), point);
        await place.visit(name, crashing.deps).catch(() => undefined);
        reached += Number(crashing.crashed);
        // Whoever reads the Secret at any moment has a key that works.
        expect(await place.provisioner.verifyKey(await keyOf(name))).toBeDefined();
        expect(await place.provisioner.verifyKey(old)).toBeDefined();
        await place.visitUntil(
          name,
          async () => (await place.get(name)).status?.apiKey?.observedRotationToken === `token ${index}`,
        );
        const { apiKeys, tenantId } = await recordOf(name);
        const key = await keyOf(name);
        expect(key).not.toBe(old);
        expect(apiKeys.filter(({ expiresAt }) => expiresAt === undefined).map(({ id }) => id)).toEqual([
          toCredentialId("apiKey", key),
        ]);
        expect(apiKeys.filter(({ expiresAt }) => expiresAt !== undefined).map(({ id }) => id)).toEqual([
          toCredentialId("apiKey", old),
        ]);
        expect(await place.provisioner.verifyKey(old)).toBe(tenantId);
        await endAll(tenantId);
        expect(await place.provisioner.verifyKey(old)).toBeUndefined();
        await place.visitUntil(name, async () => (await recordOf(name)).apiKeys.length === 1);
      }
      expect(reached).toBe(points.length);
      const reasons = place.events.map(({ reason }) => reason);
      expect(reasons).toContain("ApiKeyRotated");
      expect(reasons).toContain("ApiKeyRevoked");
    },
  );

  test("RO7 RO11 RO16 §5.3 drift: a deleted Secret is back with a new key, and the old one keeps its overlap", async () => {
    const name = await place.makeReady();
    const old = await keyOf(name);
    await place.client.delete(secrets, { namespace: place.namespace, name: secretOf(name) });
    place.events.length = 0;
    await place.visit(name);
    const key = await keyOf(name);
    expect(key).not.toBe(old);
    expect(await place.provisioner.verifyKey(key)).toBeDefined();
    expect(await place.provisioner.verifyKey(old)).toBeDefined();
    expect(place.events.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining(["ApiKeyLost", "WebhookSecretLost", "ApiKeyRotated", "WebhookSecretRotated"]),
    );
    const { status } = await place.get(name);
    expect(status?.apiKey?.retiring?.map(({ id }) => id)).toEqual([toCredentialId("apiKey", old)]);
    expect(status?.conditions?.find(({ type }) => type === "CredentialsReady")?.reason).toBe("Overlap");
  });

  test("RO8 RO13 a value that somebody wrote is never put in force, what else they added stays", async () => {
    const name = await place.makeReady();
    const old = await keyOf(name);
    const theirs = Buffer.from("sk_theirs").toString("base64");
    await place.client.patch(
      secrets,
      { namespace: place.namespace, name: secretOf(name) },
      {
        metadata: { annotations: { "example.com/note": "kept" } },
        data: { apiKey: theirs, other: theirs, pendingApiKey: theirs },
      },
      { manager: "kubectl-edit" },
    );
    await place.visit(name);
    const values = await place.readValues(secretOf(name));
    expect(await place.provisioner.verifyKey(values["apiKey"] ?? "")).toBeDefined();
    expect(await place.provisioner.verifyKey(old)).toBeDefined();
    expect(values).toMatchObject({ other: "sk_theirs" });
    expect(values).not.toHaveProperty("pendingApiKey");
    expect((await place.readSecret(secretOf(name)))?.metadata.annotations).toMatchObject({
      "example.com/note": "kept",
    });
  });

  test("RO14 RO17 pitfall 19 a Secret of somebody else is left as it is; when it is gone ours takes its place", async () => {
    const name = await place.createTenant();
    const ref = { namespace: place.namespace, name: secretOf(name) };
    const theirs = { apiVersion: "v1", kind: "Secret", metadata: ref, data: { apiKey: "dGhlaXJz" } };
    const made = await place.client.create(secrets, theirs);
    await place.visitUntil(name, async () => reasonOf(await place.get(name)) === "SecretNotOwned");
    expect(await place.readSecret(secretOf(name))).toEqual(made);
    await place.client.delete(secrets, ref);
    await place.visitUntil(name, async () => conditionOf(await place.find(name), "Ready")?.status === "True");
    expect(await place.provisioner.verifyKey(await keyOf(name))).toBeDefined();
  });

  test("RF1 RF2 RF3 RF4 SecretRef: the customer's key is followed, with its overlap, and their Secret only read", async () => {
    const name = await place.makeReady();
    const generated = await keyOf(name);
    const ref = { namespace: place.namespace, name: `${name}-theirs` };
    const write = (text: string) =>
      place.client.apply(
        secrets,
        {
          apiVersion: "v1",
          kind: "Secret",
          metadata: ref,
          data: { apiKey: Buffer.from(`${text}\n`).toString("base64") },
        } as never,
        { manager: "customer" },
      );
    await place.patchSpec(name, { apiKey: { source: "SecretRef", secretName: ref.name } });
    await place.visit(name);
    expect(reasonOf(await place.get(name))).toBe("SecretMissing");
    await write("no key");
    await place.visit(name);
    expect(reasonOf(await place.get(name))).toBe("KeyMismatch");
    expect(await place.provisioner.verifyKey(generated)).toBeDefined();
    const [first, second] = [createApiKey(), createApiKey()];
    for (const key of [first, second]) {
      const theirs = await write(key);
      await place.visit(name);
      expect(await place.provisioner.verifyKey(key)).toBeDefined();
      expect(await place.readSecret(ref.name)).toEqual(theirs);
    }
    expect(await place.provisioner.verifyKey(first)).toBeDefined();
    expect(await place.provisioner.verifyKey(generated)).toBeDefined();
    expect(await place.readValues(secretOf(name))).not.toHaveProperty("apiKey");
    await write(first);
    await place.visit(name);
    expect(reasonOf(await place.get(name))).toBe("KeyMismatch");
    expect(
      (await recordOf(name)).apiKeys.filter(({ expiresAt }) => expiresAt === undefined).map(({ id }) => id),
    ).toEqual([toCredentialId("apiKey", second)]);
  });

  test("SK1 SK2 RO16 a session key is rotated by token, with its overlap", async () => {
    const name = await place.makeReady();
    const before = (await place.get(name)).status?.sessionKey?.id;
    await place.patchSpec(name, { sessionKey: { rotationToken: "1" } });
    place.events.length = 0;
    await place.visit(name);
    const { sessionKey } = (await place.get(name)).status ?? {};
    expect(sessionKey?.id).not.toBe(before);
    expect(sessionKey?.retiring?.map(({ id }) => id)).toEqual([before]);
    expect(place.events.map(({ reason }) => reason)).toContain("SessionKeyRotated");
  });

  test("RO15 no credential is in a status, an event, a log line, an annotation or an error", async () => {
    const secretsOfAll = (await place.client.list(secrets, { namespace: place.namespace })).items;
    const values = secretsOfAll.flatMap(({ data }) =>
      Object.values(data ?? {}).map((value) => Buffer.from(value, "base64").toString()),
    );
    const canaries = values.filter((value) => /^sk_|^whsec_|^postgres/.test(value));
    expect(canaries.length).toBeGreaterThan(10);
    const passwords = canaries.flatMap((value) => (value.startsWith("postgres") ? [new URL(value).password] : []));
    const everything = [
      JSON.stringify((await place.client.list(tenants, { namespace: place.namespace })).items),
      JSON.stringify(secretsOfAll.map(({ metadata }) => metadata)),
      JSON.stringify(place.events),
      ...place.log,
    ].join("\n");
    for (const canary of [...canaries, ...passwords]) expect(everything.includes(canary)).toBe(false);
    for (const canary of canaries) expect(everything.includes(Buffer.from(canary).toString("base64"))).toBe(false);
  });
});

const reasonOf = (tenant: Tenant): string | undefined => conditionOf(tenant, "CredentialsReady")?.reason;

const withoutTime = (value: object | undefined): object => ({ ...value, databaseTime: "" });
