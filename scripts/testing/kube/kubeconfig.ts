import { writeFile } from "node:fs/promises";
import type { KeyPair } from "./certificates.ts";

/** Who calls which server. */
export interface KubeLogin {
  /** `https://127.0.0.1:6443` */
  readonly url: string;
  /** PEM of the authority that the server's certificate is from. */
  readonly ca: string;
  readonly user: { readonly token: string } | KeyPair;
  readonly namespace?: string;
}

/** Writes a kubeconfig file for one login, readable by this user only. JSON is YAML. Answers its path. */
export const writeKubeconfig = async (path: string, { url, ca, user, namespace }: KubeLogin): Promise<string> => {
  const name = "test";
  const content = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server: url, "certificate-authority-data": toBase64(ca) } }],
    users: [{ name, user: toUser(user) }],
    contexts: [{ name, context: { cluster: name, user: name, ...(namespace ? { namespace } : {}) } }],
    "current-context": name,
  };
  await writeFile(path, JSON.stringify(content, undefined, 2), { mode: 0o600 });
  return path;
};

const toUser = (user: KubeLogin["user"]): object =>
  "token" in user
    ? { token: user.token }
    : { "client-certificate-data": toBase64(user.certificate), "client-key-data": toBase64(user.privateKey) };

const toBase64 = (text: string): string => Buffer.from(text).toString("base64");
