import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createAuthority, createSigningKeys } from "./certificates.ts";
import type { Layout } from "./control-plane.ts";
import { frontProxyName, layoutFile } from "./control-plane.ts";
import { writeKubeconfig } from "./kubeconfig.ts";

/** Makes keys, certificates and kubeconfig files of a new cluster in its folder. Answers its authority's certificate. */
export const writeClusterFiles = async ({ dir, apiPort }: Layout): Promise<string> => {
  const authority = await createAuthority("test-cluster");
  // An authority of its own: whoever has a certificate of this one may say who asks.
  const frontProxyAuthority = await createAuthority("test-cluster-front-proxy");
  const ca = authority.certificate;
  const addresses = [
    { type: "ip", value: "127.0.0.1" },
    { type: "dns", value: "localhost" },
    { type: "dns", value: "kubernetes.default.svc" },
  ] as const;
  const [server, tokens, frontProxy] = await Promise.all([
    authority.issue({ commonName: "kube-apiserver", addresses }),
    createSigningKeys(),
    frontProxyAuthority.issue({ commonName: frontProxyName }),
  ]);
  const write = (key: keyof typeof layoutFile, text: string): Promise<void> =>
    writeFile(join(dir, layoutFile[key]), text, { mode: 0o600 });
  const login = async (key: keyof typeof layoutFile, commonName: string, ...groups: string[]): Promise<void> => {
    const user = await authority.issue({ commonName, groups });
    await writeKubeconfig(join(dir, layoutFile[key]), { url: `https://127.0.0.1:${apiPort}`, ca, user });
  };
  await Promise.all([
    write("ca", ca),
    write("serverCertificate", server.certificate),
    write("serverKey", server.privateKey),
    write("tokenKey", tokens.privateKey),
    write("tokenPublicKey", tokens.publicKey),
    write("frontProxyCa", frontProxyAuthority.certificate),
    write("frontProxyCertificate", frontProxy.certificate),
    write("frontProxyKey", frontProxy.privateKey),
    login("admin", "admin", "system:masters"),
    login("controllerManager", "system:kube-controller-manager"),
    login("scheduler", "system:kube-scheduler"),
  ]);
  return ca;
};
