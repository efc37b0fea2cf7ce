import { createECDH, generateKeyPairSync, randomBytes } from "node:crypto";

/** Credentials of push providers that fit, each with a secret that no other has. */
export const createPushCredentials = () => {
  const pair = createECDH("prime256v1");
  const publicKey = pair.generateKeys().toString("base64url");
  return {
    oneSignalConfig: { appId: "5eb5a37e-b458-11e3-ac11-000c2940e62c", restApiKey: newSecret() },
    fcmConfig: {
      type: "service_account",
      project_id: "acme-chat",
      private_key_id: newSecret(),
      private_key: toPem(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey),
      client_email: "push@acme-chat.iam.gserviceaccount.com",
      client_id: "1234567890",
      auth_uri: "https://accounts.google.com/o/oauth2/auth",
      token_uri: "https://oauth2.googleapis.com/token",
      auth_provider_x509_cert_url: "https://www.googleapis.com/oauth2/v1/certs",
      universe_domain: "googleapis.com",
    },
    pushyConfig: { apiKey: newSecret() },
    apnsConfig: {
      keyId: "ABC123DEFG",
      teamId: "DEF123GHIJ",
      bundleId: "com.acme.chat",
      key: toPem(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey),
    },
    webPushConfig: {
      subject: "mailto:ops@acme.example",
      publicKey,
      privateKey: pair.getPrivateKey("base64url"),
    },
  };
};

const newSecret = (): string => randomBytes(24).toString("hex");

const toPem = (key: { export(options: { type: "pkcs8"; format: "pem" }): string | Buffer }): string =>
  key.export({ type: "pkcs8", format: "pem" }).toString();
