import type { Tenant } from "../tenant/tenant.ts";
import { operatorMetrics } from "./metric-table.ts";

const name = "sendsar_operator_tenant_condition";

/**
 * What each condition of each Tenant is, in Prometheus' text format. It is not measured on a meter: a meter goes on telling a
 * series for ever that nobody observes any more, here every state that a condition has left and every Tenant that is gone,
 * and it knows no more than 2,000 of them.
 */
export const renderConditionMetric = (tenants: readonly Tenant[]): string => {
  const { help, kind } = operatorMetrics[name];
  const lines = tenants.flatMap(({ metadata, status }) =>
    (status?.conditions ?? []).map((condition) => {
      const { type, status: is } = condition;
      return `${name}${toLabels({ namespace: metadata.namespace ?? "", name: metadata.name, type, status: is })} 1`;
    }),
  );
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...lines, ""].join("\n");
};

const toLabels = (labels: Readonly<Record<string, string>>): string =>
  `{${Object.entries(labels)
    .map(
      ([label, value]) => `${label}="${value.replaceAll(/[\\"\n]/g, (char) => (char === "\n" ? "\\n" : `\\${char}`))}"`,
    )
    .join(",")}}`;
