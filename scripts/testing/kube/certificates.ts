// The certificate library finds its parts by metadata that this adds to the language; it has to come first.
import "reflect-metadata";
import { createPrivateKey } from "node:crypto";
import * as x509 from "@peculiar/x509";

/** A certificate with its key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly privateKey: string;
}

/** Whom a certificate is for. */
export interface Subject {
  /** CN: the user name of a client. */
  readonly commonName: string;
  /** O: the groups of a client. */
  readonly groups?: readonly string[];
  /** Of a server: what it is reached by. Without, the certificate is a client's. */
  readonly addresses?: readonly { readonly type: "ip" | "dns"; readonly value: string }[];
}

/** Signs certificates that are good for a day, as long as it is in memory. */
export interface Authority {
  /** PEM. */
  readonly certificate: string;
  issue(subject: Subject): Promise<KeyPair>;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const dayMs = 24 * 60 * 60_000;

/** Makes a certificate authority of its own for a cluster, or for a proxy before it. */
export const createAuthority = async (commonName: string): Promise<Authority> => {
  const keys = await generateKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [commonName] }],
    ...validity(),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
    ],
  });
  return { certificate: root.toString("pem"), issue: (subject) => issue(root, keys.privateKey, subject) };
};

/** A key pair of its own, as ServiceAccount tokens are signed with. */
export const createSigningKeys = async (): Promise<{ readonly privateKey: string; readonly publicKey: string }> => {
  const { privateKey, publicKey } = await generateKeys();
  const spki = Buffer.from(await crypto.subtle.exportKey("spki", publicKey));
  return { privateKey: await exportKey(privateKey), publicKey: x509.PemConverter.encode(spki, "PUBLIC KEY") };
};

const issue = async (
  root: x509.X509Certificate,
  signingKey: CryptoKey,
  { commonName, groups = [], addresses }: Subject,
): Promise<KeyPair> => {
  const keys = await generateKeys();
  const usage = addresses ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [commonName] }, ...groups.map((group) => ({ O: [group] }))],
    issuer: root.subject,
    ...validity(),
    signingKey,
    publicKey: keys.publicKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.ExtendedKeyUsageExtension([usage]),
      ...(addresses ? [new x509.SubjectAlternativeNameExtension([...addresses])] : []),
    ],
  });
  return { certificate: certificate.toString("pem"), privateKey: await exportKey(keys.privateKey) };
};

// Clocks of the processes are one clock, but it may be set back.
const validity = (): { notBefore: Date; notAfter: Date } => ({
  notBefore: new Date(Date.now() - dayMs),
  notAfter: new Date(Date.now() + dayMs),
});

const generateKeys = (): Promise<CryptoKeyPair> => crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);

const exportKey = async (key: CryptoKey): Promise<string> => {
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey("pkcs8", key));
  // Kubernetes reads an EC key for tokens in this older form only.
  const sec1 = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }).export({ type: "sec1", format: "pem" });
  return String(sec1);
};
