import { join } from "node:path";
import type { V1PolicyRule } from "@kubernetes/client-node";
import type { KubeApi } from "./kube-api.ts";
import { writeKubeconfig } from "./kubeconfig.ts";
import type { KubeAddress } from "./start-kube.ts";

export interface ServiceAccountRef {
  readonly namespace: string;
  readonly name: string;
}

export interface AccountRights {
  /** In every namespace, and for what is in none. */
  readonly clusterRules?: readonly V1PolicyRule[];
  /** In the account's own namespace. */
  readonly rules?: readonly V1PolicyRule[];
}

/** Makes a ServiceAccount that may do just this, and answers the path of a kubeconfig file that calls as it. */
export const createServiceAccount = async (
  api: KubeApi,
  address: KubeAddress,
  account: ServiceAccountRef,
  { clusterRules, rules }: AccountRights,
): Promise<string> => {
  const { namespace, name } = account;
  await api.post(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } });
  const rbac = "/apis/rbac.authorization.k8s.io/v1";
  const subjects = [{ kind: "ServiceAccount", ...account }];
  const roleRef = (kind: string, role: string): object => ({
    apiGroup: "rbac.authorization.k8s.io",
    kind,
    name: role,
  });
  if (clusterRules) {
    const metadata = { name: `${namespace}-${name}` };
    await api.post(`${rbac}/clusterroles`, { metadata, rules: clusterRules });
    await api.post(`${rbac}/clusterrolebindings`, {
      metadata,
      subjects,
      roleRef: roleRef("ClusterRole", metadata.name),
    });
  }
  if (rules) {
    await api.post(`${rbac}/namespaces/${namespace}/roles`, { metadata: { name }, rules });
    const binding = { metadata: { name }, subjects, roleRef: roleRef("Role", name) };
    await api.post(`${rbac}/namespaces/${namespace}/rolebindings`, binding);
  }
  return loginOf(api, address, account);
};

/** A kubeconfig file with a new token of a ServiceAccount that is there. `url` and `ca` may be those of a proxy. */
export const loginOf = async (
  api: KubeApi,
  { url, ca, dir }: Pick<KubeAddress, "url" | "ca" | "dir">,
  account: ServiceAccountRef,
): Promise<string> => {
  const token = await issueToken(api, account);
  const { namespace, name } = account;
  const path = join(dir, `${namespace}-${name}-${token.slice(-8)}.kubeconfig`);
  return writeKubeconfig(path, { url, ca, user: { token }, namespace });
};

/**
 * TokenRequest, as a kubelet makes one for a pod. The shortest life that the API allows is ten minutes; one that is bound to a
 * Secret of the namespace is over when that is deleted.
 */
export const issueToken = async (
  api: KubeApi,
  { namespace, name }: ServiceAccountRef,
  secretName?: string,
): Promise<string> => {
  const boundObjectRef = { apiVersion: "v1", kind: "Secret", name: secretName };
  const { status } = await api.post<{ status: { token: string } }>(
    `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: 3600, ...(secretName === undefined ? {} : { boundObjectRef }) },
    },
  );
  return status.token;
};

/** Is this call allowed to the login? Asked of the server itself. */
export const isAllowed = async (api: KubeApi, attributes: object): Promise<boolean> => {
  const { status } = await api.post<{ status: { allowed: boolean } }>(
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    { spec: { resourceAttributes: attributes } },
  );
  return status.allowed;
};
