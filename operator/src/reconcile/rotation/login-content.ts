import type { Secret } from "../../desired/kinds.ts";
import { readSecretValue, toDatabaseSecret } from "../../desired/secrets.ts";
import type { Tenant } from "../../tenant/tenant.ts";
import { toCredentialId } from "./credential-id.ts";
import type { HeldLogin } from "./next-login-step.ts";
import { withNotes } from "./owned-secret.ts";

/** The database Secret in plain text. Stays in the process's memory. */
export interface LoginContent {
  readonly databaseUrl?: string;
  readonly tenantKey?: string;
  readonly loginId?: string;
  readonly pendingPassword?: string;
  readonly createdAt?: string;
  readonly retiring: readonly string[];
}

export const readLoginContent = (secret: Secret | undefined): LoginContent => {
  if (!secret) return { retiring: [] };
  const { [createdAtAnnotation]: createdAt, [retiringAnnotation]: retiring = "" } = secret.metadata.annotations ?? {};
  const content = { databaseUrl: read("databaseUrl"), tenantKey: read("tenantKey"), loginId: read("loginId") };
  const pendingPassword = read("pendingPassword");
  return {
    ...omitUndefined({ ...content, pendingPassword, createdAt }),
    retiring: retiring.split(",").filter((id) => id !== ""),
  };

  function read(key: string): string | undefined {
    return secret && readSecretValue(secret, key);
  }
};

/** What the machine sees of it. */
export const toHeldLogin = ({
  databaseUrl,
  loginId,
  pendingPassword,
  createdAt,
  retiring,
}: LoginContent): HeldLogin => {
  const password = readPassword(databaseUrl);
  return {
    retiring,
    ...(password !== undefined && {
      current: {
        id: toCredentialId("gatewayLogin", password),
        ...omitUndefined({ statedId: loginId, createdAt }),
      },
    }),
    ...(pendingPassword !== undefined && { pendingId: toCredentialId("gatewayLogin", pendingPassword) }),
  };
};

export const toLoginSecret = (tenant: Tenant, content: LoginContent): Secret => {
  const { createdAt, retiring, ...data } = content;
  return withNotes(toDatabaseSecret(tenant, data), {
    ...(createdAt !== undefined && { [createdAtAnnotation]: createdAt }),
    ...(retiring.length > 0 && { [retiringAnnotation]: retiring.join(",") }),
  });
};

/** Undefined when it is no URL, or has none. */
export const readPassword = (databaseUrl: string | undefined): string | undefined => {
  const password = databaseUrl === undefined ? undefined : URL.parse(databaseUrl)?.password;
  return password === undefined || password === "" ? undefined : decodeURIComponent(password);
};

/** Annotation: when the login was made, by the database's clock. */
const createdAtAnnotation = "chat.sendsar.com/login-created-at";
/** Annotation: ids of the logins that pods may still use, by commas. */
const retiringAnnotation = "chat.sendsar.com/retiring-logins";

const omitUndefined = <T extends Record<string, string | undefined>>(record: T) =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: string;
  };
