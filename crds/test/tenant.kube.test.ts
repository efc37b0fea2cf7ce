import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { projectDir } from "../../scripts/start/home.ts";
import { describeKube, type KubePlace } from "../../scripts/testing/kube/describe-kube.ts";
import { ApiFailure } from "../../scripts/testing/kube/kube-api.ts";
import { toTenantSchema } from "../../scripts/generate/structural-schema.ts";
import { readTenantDefinition } from "../../scripts/generate/tenant-definition.ts";
import { ruleCases, type WrittenTenant } from "./rule-cases.ts";
import { withDefaults } from "./schema-walk.ts";

const samplesDir = join(projectDir, "crds/samples");
const schema = toTenantSchema(await readTenantDefinition());

describeKube("Tenants on a real API server (E21)", (place) => {
  const tenants = (query = ""): string =>
    `/apis/chat.sendsar.com/v1alpha1/namespaces/${place.namespace}/tenants${query}`;
  const dryRun = "?dryRun=All&fieldValidation=Strict";

  describe.each(ruleCases)("$at: $message", ({ at, message, from, accepts, refuses }) => {
    const send = (tenant: WrittenTenant): Promise<unknown> =>
      from === undefined
        ? place.api.post(tenants(dryRun), toObject(tenant))
        : replace(place, tenants(), toObject(from), toObject(tenant));

    test("accepts what keeps it", async () => {
      for (const tenant of accepts) await send(tenant);
    });

    test("refuses what breaks it, and says why", async () => {
      for (const tenant of refuses) {
        const refusal = await refusalOf(send(tenant));
        expect(refusal.status).toBe(422);
        expect(refusal.message).toContain(message);
        // What is about the whole object has no path.
        expect(refusal.message).toContain(`${at === "" ? "<nil>" : at.replaceAll("[]", "[0]")}: Invalid value`);
      }
    });
  });

  test("an empty Tenant gets every default of the definition, and no other", async () => {
    const made = await place.api.post<{ spec: unknown }>(tenants(dryRun), toObject({}));
    expect(made.spec).toEqual((withDefaults(schema, {}) as { spec: unknown }).spec);
  });

  test.each([
    ["a typo", { gateway: { replica: 3 } }, 'unknown field "spec.gateway.replica"'],
    ["a rate of no action", { quotas: { rateLimits: { fly: {} } } }, 'unknown field "spec.quotas.rateLimits.fly"'],
    ["a duration in days", { apiKey: { rotateEvery: "90d" } }, "should match"],
    ["an empty duration", { apiKey: { overlap: "" } }, "should be at least 2 chars long"],
    ["too many gateways", { gateway: { replicas: 101 } }, "should be less than or equal to 100"],
    ["a host in capitals", { exposure: { type: "Ingress", hosts: ["Chat.acme.example"] } }, "should match"],
    ["a host twice", { exposure: { type: "Ingress", hosts: ["a.example", "a.example"] } }, "Duplicate value"],
    ["a known setting of a wrong type", { settings: { values: { chat: { media: { enabled: "yes" } } } } }, "boolean"],
    ["an isolation that is none", { database: { isolation: "Schema" } }, 'supported values: "Shared", "Database"'],
    ["a tenantId that the database would refuse", { tenantId: "-acme" }, "should match"],
  ])("refuses %s", async (_, spec, words) => {
    expect((await refusalOf(place.api.post(tenants(dryRun), toObject({ spec })))).message).toContain(words);
  });

  test("keeps settings that nobody knows, at every level", async () => {
    const values = { theme: { colour: "red", list: [1, "two"] }, chat: { own: true, media: { own: 1 } } };
    const made = await place.api.post<{ spec: { settings: object } }>(
      tenants(dryRun),
      toObject({ spec: { settings: { values } } }),
    );
    expect(made.spec.settings).toEqual({ policy: "Enforce", values });
  });

  test("status is a subresource: a spec is not changed through it, nor a status through the resource", async () => {
    const tenant = toObject({ name: "apart" });
    await place.api.post(tenants(), { ...tenant, status: { tenantId: "forged" } });
    const path = tenants("/apart");
    await place.api.patch(`${path}/status`, { spec: { suspend: true }, status: { tenantId: "apart" } });
    expect(await place.api.get(path)).toMatchObject({ spec: { suspend: false }, status: { tenantId: "apart" } });
  });

  test("two managers keep their conditions apart (pitfall 10)", async () => {
    const { metadata, ...head } = toObject({ name: "shared" });
    await place.api.post(tenants(), { metadata, ...head });
    const applied = (type: string): object => ({
      ...head,
      metadata: { name: metadata.name },
      status: {
        conditions: [{ type, status: "True", reason: "Test", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" }],
      },
    });
    for (const type of ["Ready", "Audited"]) {
      const path = `${tenants("/shared/status")}?fieldManager=${type}&force=true`;
      await place.api.patch(path, applied(type), "application/apply-patch+yaml");
    }
    const { status } = await place.api.get<{ status: { conditions: readonly { type: string }[] } }>(tenants("/shared"));
    expect(status.conditions.map(({ type }) => type)).toEqual(["Ready", "Audited"]);
  });

  test("selects by mode and id without reading all", async () => {
    await place.api.post(tenants(), toObject({ name: "picked", spec: { tenantId: "picked-id" } }));
    const { items } = await place.api.get<{ items: readonly { metadata: { name: string } }[] }>(
      tenants("?fieldSelector=spec.tenantId%3Dpicked-id,spec.gateway.mode%3DDedicated"),
    );
    expect(items.map(({ metadata }) => metadata.name)).toEqual(["picked"]);
  });

  test("every sample applies, and a second time without a change", async () => {
    const names = await readdir(samplesDir);
    expect(names.length).toBeGreaterThan(5);
    const versions = async (): Promise<readonly string[]> => {
      const { items } = await place.api.get<{ items: readonly Stored[] }>(tenants());
      const samples = items.filter(({ metadata }) => metadata.name.startsWith("acme"));
      return samples.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`);
    };
    await place.kubectl("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", samplesDir);
    expect(await versions()).toEqual([]);
    await place.kubectl("apply", "--server-side", "--validate=strict", "-f", samplesDir);
    const before = await versions();
    expect(before).toHaveLength(names.length);
    await place.kubectl("apply", "--server-side", "-f", samplesDir);
    expect(await versions()).toEqual(before);
  });
});

interface Stored {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
}

const toObject = ({ name = "acme", spec }: WrittenTenant): { readonly metadata: { readonly name: string } } => ({
  ...{ apiVersion: "chat.sendsar.com/v1alpha1", kind: "Tenant" },
  metadata: { name },
  ...(spec === undefined ? {} : { spec }),
});

/** Makes the one and replaces it by the other, without changing it. */
const replace = async (place: KubePlace, path: string, from: object, to: object): Promise<void> => {
  const made = await place.api.post<Stored>(path, { ...from, metadata: { generateName: "change-" } });
  const { name, resourceVersion } = made.metadata;
  await place.api.put(`${path}/${name}?dryRun=All&fieldValidation=Strict`, {
    ...to,
    metadata: { name, resourceVersion },
  });
};

const refusalOf = async (call: Promise<unknown>): Promise<ApiFailure> => {
  const refusal = await call.then(
    () => "it was accepted",
    (error: unknown) => error,
  );
  if (refusal instanceof ApiFailure) return refusal;
  throw new Error(`unable to see a refusal; ${String(refusal)}`);
};
