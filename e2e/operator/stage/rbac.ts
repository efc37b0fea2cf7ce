import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { V1PolicyRule } from "@kubernetes/client-node";
import { parseAllDocuments } from "yaml";
import { projectDir } from "../../../scripts/start/home.ts";
import type { KubeApi } from "../../../scripts/testing/kube/kube-api.ts";
import type { RequestInfo } from "../../../scripts/testing/kube/request-info.ts";
import type { ServiceAccountRef } from "../../../scripts/testing/kube/service-account.ts";

/** A role of `operator/rbac`. */
export interface RoleFile {
  readonly kind: "ClusterRole" | "Role";
  readonly metadata: { readonly name: string };
  readonly rules: readonly V1PolicyRule[];
}

/** The roles that the operator needs in a cluster like ours. */
export const readRoles = async (): Promise<readonly RoleFile[]> => {
  const dir = join(projectDir, "operator/rbac");
  const files = (await readdir(dir)).filter((file) => file.endsWith("-role.yaml"));
  const texts = await Promise.all(files.map((file) => readFile(join(dir, file), "utf8")));
  const roles = texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as RoleFile));
  // For clusters with an admission plugin that is off here, as it is by default.
  return roles.filter(({ metadata }) => metadata.name !== "sendsar-operator-owner-references");
};

/** Makes the roles and gives them to the account: cluster roles everywhere, roles in its own namespace. */
export const bindRoles = async (api: KubeApi, account: ServiceAccountRef): Promise<void> => {
  const { namespace, name } = account;
  await api.post(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } });
  const group = "/apis/rbac.authorization.k8s.io/v1";
  for (const role of await readRoles()) {
    const isCluster = role.kind === "ClusterRole";
    const place = isCluster ? group : `${group}/namespaces/${namespace}`;
    const plural = isCluster ? "cluster" : "";
    await api.post(`${place}/${plural}roles`, role);
    await api.post(`${place}/${plural}rolebindings`, {
      metadata: { name: role.metadata.name },
      subjects: [{ kind: "ServiceAccount", ...account }],
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: role.kind, name: role.metadata.name },
    });
  }
};

/** A right in one line: `patch apps/deployments/scale`. */
export const rightOf = ({ verb, group, resource, subresource }: RequestInfo): string =>
  `${verb} ${[group, resource, subresource].filter((part) => part !== "").join("/")}`;

/** Every right that the roles give, in the same form. */
export const rightsIn = (roles: readonly RoleFile[]): ReadonlySet<string> => {
  const rules = roles.flatMap((role) => role.rules);
  const rights = rules.flatMap(({ verbs, apiGroups = [], resources = [] }) =>
    verbs.flatMap((verb) =>
      apiGroups.flatMap((group) => resources.map((resource) => `${verb} ${group && `${group}/`}${resource}`)),
    ),
  );
  return new Set(rights);
};
