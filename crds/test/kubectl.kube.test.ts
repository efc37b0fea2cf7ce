import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { waitUntil } from "../../scripts/process/wait.ts";
import { projectDir } from "../../scripts/start/home.ts";
import { describeKube } from "../../scripts/testing/kube/describe-kube.ts";

describeKube("kubectl with Tenants (5.3 kubectl UX)", (place) => {
  const setStatus = (name: string, status: object): Promise<string> =>
    place.kubectl("patch", "tenant", name, "--subresource=status", "--type=merge", "-p", JSON.stringify({ status }));

  beforeAll(async () => {
    // What crds/README.md says to install with.
    await place.kubectl("apply", "--server-side", "-f", join(projectDir, "crds"));
    await place.apply(tenantYaml("acme", "{ tenantId: acme, gateway: { replicas: 3 } }"));
    await setStatus("acme", {
      tenantId: "acme",
      endpoint: { url: "https://chat.acme.example" },
      gateway: { replicas: 3, readyReplicas: 2, updatedReplicas: 3, selector: "app.kubernetes.io/instance=acme" },
      apiKey: { id: "k1", notAfter: "2099-02-20T10:00:00Z" },
      conditions: [
        {
          type: "Ready",
          status: "False",
          reason: "Progressing",
          message: "2 of 3 gateways are available.",
          lastTransitionTime: "2026-01-01T00:00:00Z",
        },
      ],
    });
  });

  test.each([
    [
      "tenants",
      [],
      `
NAME   READY   REASON        MODE        PODS   ENDPOINT                    AGE
acme   False   Progressing   Dedicated   2      https://chat.acme.example   <age>`,
    ],
    [
      "chatt",
      ["-o", "wide"],
      `
NAME   READY   REASON        MODE        PODS   ENDPOINT                    TENANT-ID   KEY-EXPIRES            MESSAGE                          AGE
acme   False   Progressing   Dedicated   2      https://chat.acme.example   acme        2099-02-20T10:00:00Z   2 of 3 gateways are available.   <age>`,
    ],
    [
      "chat",
      [],
      `
NAME   READY   REASON        MODE        PODS   ENDPOINT                    AGE
acme   False   Progressing   Dedicated   2      https://chat.acme.example   <age>`,
    ],
  ])("get %s %j", async (kind, options, shown) => {
    const printed = await place.kubectl("get", kind, "acme", ...options);
    expect(`\n${printed.trim().replace(/\S+$/, "<age>")}`).toBe(shown);
  });

  test("explain tells what a field means", async () => {
    let printed = "";
    // The server publishes the descriptions of a new kind a moment after it serves it.
    const isThere = async (): Promise<boolean> => {
      printed = await place.kubectl("explain", "tenant.spec.gateway.drain").catch(() => "");
      return printed !== "";
    };
    expect(await waitUntil(isThere, { limitMs: 15_000 })).toBe(true);
    expect(printed.replaceAll(/ +\n/g, "\n").trim()).toMatchInlineSnapshot(`
      "GROUP:      chat.sendsar.com
      KIND:       Tenant
      VERSION:    v1alpha1

      FIELD: drain <Object>


      DESCRIPTION:
          How a gateway ends that has connections open.

      FIELDS:
        endpointLagSeconds	<integer>
          Seconds for which a gateway serves on after it was told to end: until then
          proxies still send it new connections.

        spreadSeconds	<integer>
          Seconds over which its clients are told, one after another, to connect
          elsewhere."
    `);
  });

  test("scale changes the spec, and an autoscaler finds the pods", async () => {
    await place.kubectl("scale", "tenant", "acme", "--replicas=5", "--current-replicas=3");
    const scale = await place.kubectl("get", "tenant", "acme", "--subresource=scale", "-o", "json");
    expect(JSON.parse(scale)).toMatchObject({
      spec: { replicas: 5 },
      status: { replicas: 3, selector: "app.kubernetes.io/instance=acme" },
    });
  });

  test("wait returns when the Tenant is ready", async () => {
    await place.apply(tenantYaml("waited", "{}"));
    const waiting = place.kubectl("wait", "tenant/waited", "--for=condition=Ready", "--timeout=20s");
    const lastTransitionTime = "2026-01-01T00:00:00Z";
    const conditions = [{ type: "Ready", status: "True", reason: "Ready", message: "", lastTransitionTime }];
    await setStatus("waited", { conditions });
    expect(await waiting).toContain("condition met");
  });

  test("a protected Tenant is not deleted before the protection is taken off", async () => {
    await place.apply(tenantYaml("guarded", "{ deletionProtection: true }"));
    await place.apply(tenantYaml("unguarded", "{}"));
    const remove = (name: string, ...options: readonly string[]): Promise<string> =>
      place.kubectl("delete", "tenant", name, "--wait=false", ...options).then(
        () => "deleted",
        (error: unknown) => String(error),
      );
    // A policy is in force a moment after it was stored.
    const inForce = async (): Promise<boolean> => (await remove("guarded", "--dry-run=server")) !== "deleted";
    expect(await waitUntil(inForce, { limitMs: 15_000 })).toBe(true);
    expect(await remove("guarded")).toContain(
      "Tenant guarded is protected from deletion; set spec.deletionProtection to false first",
    );
    expect(await remove("unguarded")).toBe("deleted");
    await place.kubectl("patch", "tenant", "guarded", "--type=merge", "-p", '{"spec":{"deletionProtection":false}}');
    expect(await remove("guarded")).toBe("deleted");
  });
});

const tenantYaml = (name: string, spec: string): string => `
apiVersion: chat.sendsar.com/v1alpha1
kind: Tenant
metadata: { name: ${name} }
spec: ${spec}
`;
