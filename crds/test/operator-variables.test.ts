import { expect, test } from "vitest";
import { toContainerEnv, toEnvironment } from "../../operator/src/desired/pod-env.ts";
import { cases } from "../../operator/test/desired/cases.ts";
import { schemaAt, toTenantSchema } from "../../scripts/generate/structural-schema.ts";
import { readTenantDefinition } from "../../scripts/generate/tenant-definition.ts";

test("a Tenant is refused the variables that the operator sets itself, and no others", async () => {
  const env = schemaAt(toTenantSchema(await readTenantDefinition()), "spec.gateway.env").items;
  const rule = env?.["x-kubernetes-validations"]?.find(({ message }) => message.includes("set by the operator"))?.rule;
  const refused = new Set(rule?.match(/(?<=')[A-Z_]+(?=')/g) ?? []);
  const set = new Set<string>(["MASTER_KEY"]);
  for (const input of Object.values(cases)) {
    const bare = { ...input.tenant.spec.gateway, env: [] };
    const tenant = { ...input.tenant, spec: { ...input.tenant.spec, gateway: bare } };
    const config = { ...input.config, gatewayEnvironment: {} };
    for (const name of Object.keys(toEnvironment({ ...input, tenant, config }))) set.add(name);
    for (const { name } of toContainerEnv({ ...input, tenant, config })) set.add(name);
  }
  // What only has a default may be wanted otherwise.
  set.delete("CONNECTION_AGE_MAX_SECONDS");
  expect([...refused].toSorted()).toEqual([...set].toSorted());
});
