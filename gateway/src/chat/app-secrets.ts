import { createECDH, createPrivateKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type {
  ApnsConfig,
  CreateAppBody,
  FcmConfig,
  OneSignalConfig,
  WebPushConfig,
} from "@sendsar/protocol/objects/app";
import type { PushProvider } from "@sendsar/protocol/objects/device";
import { ChatError } from "./chat-error.ts";
import { fromBase64url, isPointOfP256 } from "./push-subscription.ts";

type Field = Extract<keyof CreateAppBody, `${string}Config`>;
type Secrets = Pick<CreateAppBody, Field>;

/** Credentials of a provider as they are sealed: JSON. */
export interface PlainSecret {
  readonly provider: PushProvider;
  readonly json: string;
}

/**
 * Takes the credentials of push providers from a body: those to be stored, and the providers whose credentials are to be
 * removed. Looks at the keys themselves, so that what cannot work is refused now and not at the first push. Throws
 * `invalid_request` that names what does not fit.
 */
export const requireSecrets = (
  body: Secrets,
): { readonly stored: readonly PlainSecret[]; readonly removed: readonly PushProvider[] } => {
  const given = fields.flatMap((field) => {
    const value = body[field];
    return value === undefined ? [] : [{ field, value }];
  });
  const details = given.flatMap(({ field, value }) =>
    (value === null ? [] : checks[field](value as never)).map(([path, message]) => ({
      path: `${field}.${path}`,
      message,
    })),
  );
  if (details.length > 0) throw new ChatError("invalid_request", { details });
  return {
    stored: given.flatMap(({ field, value }) =>
      value === null ? [] : [{ provider: providers[field], json: JSON.stringify(toStored(field, value)) }],
    ),
    removed: given.flatMap(({ field, value }) => (value === null ? [providers[field]] : [])),
  };
};

const providers: { readonly [F in Field]: PushProvider } = {
  oneSignalConfig: "ONESIGNAL",
  fcmConfig: "FCM",
  pushyConfig: "PUSHY",
  apnsConfig: "APNS",
  webPushConfig: "WEBPUSH",
};
const fields = Object.keys(providers) as Field[];

type Fault = readonly [path: string, message: string];

/** What the schemas cannot see. */
const checks: { readonly [F in Field]: (value: NonNullable<Secrets[F]>) => readonly Fault[] } = {
  oneSignalConfig: () => [],
  pushyConfig: () => [],
  fcmConfig: ({ private_key }: FcmConfig) =>
    readPrivateKey(private_key)?.asymmetricKeyType === "rsa" ? [] : [["private_key", "must be an RSA key in PEM"]],
  apnsConfig: ({ key }: ApnsConfig) =>
    readPrivateKey(key)?.asymmetricKeyDetails?.namedCurve === "prime256v1"
      ? []
      : [["key", "must be a P-256 key in PEM"]],
  webPushConfig: checkVapid,
};

function checkVapid({ publicKey, privateKey }: WebPushConfig): readonly Fault[] {
  const point = fromBase64url(publicKey);
  if (!point || !isPointOfP256(point)) return [["publicKey", "must be a point of P-256: 65 bytes in base64url"]];
  const secret = fromBase64url(privateKey);
  if (secret?.length !== 32) return [["privateKey", "must be 32 bytes in base64url"]];
  const pair = createECDH("prime256v1");
  try {
    pair.setPrivateKey(secret);
  } catch {
    // OpenSSL refuses zero, and what is beyond the order of the curve.
    return [["privateKey", "must be a key of P-256"]];
  }
  return pair.getPublicKey().equals(point) ? [] : [["privateKey", "does not belong to publicKey"]];
}

const readPrivateKey = (pem: string): KeyObject | undefined => {
  try {
    return createPrivateKey({ key: pem, format: "pem" });
  } catch {
    // OpenSSL's reasons are of no help, and may quote the key.
    return undefined;
  }
};

/** OneSignal's older spelling is stored as the newer one. */
const toStored = (field: Field, value: unknown): unknown => {
  if (field !== "oneSignalConfig") return value;
  const { app_id, rest_api_key, appId = app_id, restApiKey = rest_api_key } = value as OneSignalConfig;
  return { appId, restApiKey };
};
