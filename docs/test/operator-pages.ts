/** Pages about Tenants, in the order in which somebody reads them; operator-pages.kube.test.ts runs them in one cluster. */
export const operatorPages = [
  "docs/how-to/create-a-tenant.md",
  "docs/how-to/rotate-keys.md",
  "docs/how-to/suspend-a-tenant.md",
  "docs/how-to/upgrade.md",
  "docs/how-to/delete-a-tenant.md",
] as const;
