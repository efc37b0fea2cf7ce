import { join } from "node:path";
import { writeKubeconfig } from "../../../scripts/testing/kube/kubeconfig.ts";
import { issueToken } from "../../../scripts/testing/kube/service-account.ts";
import type { World } from "./world.ts";

/** A kubeconfig of the operator's account whose token can be ended, and replaced in the same file as a kubelet does it. */
export interface Login {
  /** For `KUBECONFIG`. */
  readonly path: string;
  /** Ends the token: within seconds every call with it is answered 401. */
  revoke(): Promise<void>;
  /** Writes a new token into the file. */
  renew(): Promise<void>;
}

const account = { namespace: "sendsar-system", name: "sendsar-operator" };
const secrets = `/api/v1/namespaces/${account.namespace}/secrets`;

/** Makes one; the operator that is started with it reaches the API through the world's proxy. */
export const openLogin = async ({ kube, proxy }: World): Promise<Login> => {
  const { url, ca, dir } = proxy;
  const path = join(dir, "login-that-ends.kubeconfig");
  let tokens = 0;
  const secretName = (): string => `token-${tokens}`;
  const renew = async (): Promise<void> => {
    tokens++;
    await kube.api.post(secrets, { metadata: { name: secretName() } });
    const token = await issueToken(kube.api, account, secretName());
    await writeKubeconfig(path, { url, ca, user: { token }, namespace: account.namespace });
  };
  await renew();
  return { path, renew, revoke: () => kube.api.delete(`${secrets}/${secretName()}`) };
};
