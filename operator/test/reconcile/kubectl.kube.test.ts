import { join } from "node:path";
import { expect, test } from "vitest";
import { projectDir } from "../../../scripts/start/home.ts";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { describeKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { openOperatorScene } from "./operator-scene.ts";

// What a person sees of a Tenant that an operator looks after. Columns and `explain` by themselves: crds/test/kubectl.kube.test.ts.

describeKube("§5.3 kubectl UX, with a running operator", (place) => {
  const scene = openOperatorScene(place);
  const kubectl = (...args: readonly string[]): Promise<string> => place.kubectl(...args);
  const samplePath = join(projectDir, "crds/samples/minimal.yaml");
  /** Columns are as wide as the longest in them, which is another one in each run. */
  const table = async (...options: readonly string[]): Promise<string> => {
    const printed = await kubectl("get", "tenants", ...options);
    const lines = printed.trim().split("\n");
    const [head = "", ...rows] = lines.map((line) =>
      line
        .replaceAll(/ {2,}/g, " | ")
        .replaceAll(place.namespace, "<ns>")
        .replace(/-acme-[0-9a-f]{10}/, "-acme-<hash>"),
    );
    const aged = rows.map((row) => row.replace(/ \| \S+$/, " | <age>"));
    return [head, ...aged].join("\n");
  };

  test("apply, wait, get, get -o wide: applied twice it is unchanged", async () => {
    const apply = (): Promise<string> => kubectl("apply", "-f", samplePath);
    expect(await apply()).toContain("tenant.chat.sendsar.com/acme created");
    expect(await kubectl("wait", "tenant/acme", "--for=condition=Ready", "--timeout=30s")).toContain("condition met");
    const { metadata } = await scene.readTenant("acme");
    expect(await apply()).toContain("tenant.chat.sendsar.com/acme unchanged");
    expect((await scene.readTenant("acme")).metadata.generation).toBe(metadata.generation);
    expect(await table()).toMatchInlineSnapshot(`
      "NAME | READY | REASON | MODE | PODS | ENDPOINT | AGE
      acme | True | Ready | Dedicated | 2 | http://acme-gateway.<ns>.svc:3001 | <age>"
    `);
    expect(await table("-o", "wide")).toMatchInlineSnapshot(`
      "NAME | READY | REASON | MODE | PODS | ENDPOINT | TENANT-ID | KEY-EXPIRES | MESSAGE | AGE
      acme | True | Ready | Dedicated | 2 | http://acme-gateway.<ns>.svc:3001 | <ns>-acme-<hash> | All that the spec asks for is in force. | <age>"
    `);
  });

  test("server-side apply beside it takes nothing from the operator, and is unchanged the second time too", async () => {
    const apply = (): Promise<string> => kubectl("apply", "--server-side", "-f", samplePath);
    await apply();
    const before = await scene.readTenant("acme");
    await apply();
    const after = await scene.readTenant("acme");
    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    expect(after.metadata.finalizers).toEqual(["chat.sendsar.com/tenant"]);
    expect(after.status).toEqual(before.status);
  });

  test("scale: the gateways follow, and the columns tell", async () => {
    await kubectl("scale", "tenant/acme", "--replicas=3");
    await kubectl("wait", "tenant/acme", "--for=jsonpath={.status.gateway.readyReplicas}=3", "--timeout=30s");
    await kubectl("wait", "tenant/acme", "--for=condition=Ready", "--timeout=30s");
    expect((await table()).split("\n")[1]).toMatch(/^acme \| True \| Ready \| Dedicated \| 3 \| /);
  });

  test("describe: every condition with its reason, and what has happened", async () => {
    const events = async (): Promise<string> =>
      (await kubectl("describe", "tenant", "acme")).split("\nEvents:")[1] ?? "";
    expect(await waitUntil(async () => /Normal +Ready +/.test(await events()), { limitMs: 10_000 })).toBe(true);
    const described = await kubectl("describe", "tenant", "acme");
    const [, conditions = ""] = /\n  Conditions:\n([\s\S]*?)\n  \S/.exec(described) ?? [];
    const told = [...conditions.matchAll(/Reason: +(\S+)\n +Status: +(\S+)\n +Type: +(\S+)/g)].map(
      ([, reason, status, type]) => `${type}=${status} ${reason}`,
    );
    expect(told).toMatchInlineSnapshot(`
      [
        "Ready=True Ready",
        "Accepted=True Accepted",
        "DatabaseReady=True Bound",
        "CredentialsReady=True InForce",
        "SettingsSynced=True Synced",
        "GatewayAvailable=True Available",
        "Exposed=True NotRequested",
        "AutoscalingActive=False Disabled",
      ]
    `);
  });
});
