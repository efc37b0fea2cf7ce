import { limits } from "@sendsar/protocol/limits";
import type { App, CreateAppBody, UpdateAppBody } from "@sendsar/protocol/objects/app";
import type { KeyRing } from "../auth/key-ring.ts";
import { appSecretBelongsTo } from "../auth/seal.ts";
import type { AppSecret, StoredApp } from "../store/apps.ts";
import {
  createApp as createStoredApp,
  defaultAppCode,
  deleteApp as deleteStoredApp,
  findApp,
  listApps as listStoredApps,
  updateApp as updateStoredApp,
} from "../store/apps.ts";
import type { PlainSecret } from "./app-secrets.ts";
import { requireSecrets } from "./app-secrets.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatDeps } from "./deps.ts";

/**
 * Creates an app with the push credentials that are given (contract 10). Throws `app_exists`, also for `default`, which is
 * always there, `too_many_apps`, and `invalid_request` for credentials that cannot work.
 */
export const createApp = async (
  { db, keys }: Pick<ChatDeps, "db" | "keys">,
  tenantId: string,
  body: CreateAppBody,
): Promise<App> => {
  const { appCode } = body;
  if (appCode === defaultAppCode) throw new ChatError("app_exists");
  const { stored } = requireSecrets(body);
  const created = await createStoredApp(
    db,
    tenantId,
    {
      appCode,
      name: body.name ?? appCode,
      pushPayloadType: body.pushPayloadType ?? "FULL",
      secrets: stored.map((secret) => seal(keys, tenantId, appCode, secret)),
    },
    limits.appsMax,
  );
  if (created === "exists") throw new ChatError("app_exists");
  if (created === "too_many") throw new ChatError("too_many_apps");
  return toApp(created);
};

/** Changes an app; what is left out stays, null removes credentials. Throws `app_not_found` and `invalid_request`. */
export const updateApp = async (
  { db, keys }: Pick<ChatDeps, "db" | "keys">,
  tenantId: string,
  appCode: string,
  body: UpdateAppBody,
): Promise<App> => {
  const { stored, removed } = requireSecrets(body);
  const changed = await updateStoredApp(db, tenantId, {
    appCode,
    name: body.name ?? undefined,
    pushPayloadType: body.pushPayloadType ?? undefined,
    secrets: stored.map((secret) => seal(keys, tenantId, appCode, secret)),
    removed,
  });
  if (!changed) throw new ChatError("app_not_found");
  return toApp(changed);
};

/** An app of the tenant. Throws `app_not_found`. */
export const getApp = async ({ db }: Pick<ChatDeps, "db">, tenantId: string, appCode: string): Promise<App> => {
  const app = await findApp(db, tenantId, appCode);
  if (!app) throw new ChatError("app_not_found");
  return toApp(app);
};

/** All apps of the tenant, `default` first: no more than `appsMax` and that one. */
export const listApps = async ({ db }: Pick<ChatDeps, "db">, tenantId: string): Promise<App[]> =>
  (await listStoredApps(db, tenantId)).map(toApp);

/**
 * Deletes an app. Its users keep its code and are reached through `default`, or through an app that is made under the code
 * later. Throws `app_not_found` and `default_app`.
 */
export const deleteApp = async ({ db }: Pick<ChatDeps, "db">, tenantId: string, appCode: string): Promise<void> => {
  if (appCode === defaultAppCode) throw new ChatError("default_app");
  if (!(await deleteStoredApp(db, tenantId, appCode))) throw new ChatError("app_not_found");
};

const seal = (keys: KeyRing, tenantId: string, appCode: string, { provider, json }: PlainSecret): AppSecret => ({
  provider,
  ...keys.seal(Buffer.from(json), appSecretBelongsTo(tenantId, appCode, provider)),
});

const toApp = ({ providers, ...app }: StoredApp): App => ({
  appCode: app.appCode,
  name: app.name,
  pushPayloadType: app.pushPayloadType,
  hasOneSignal: providers.includes("ONESIGNAL"),
  hasFcm: providers.includes("FCM"),
  hasPushy: providers.includes("PUSHY"),
  hasApns: providers.includes("APNS"),
  hasWebPush: providers.includes("WEBPUSH"),
  isDefault: app.appCode === defaultAppCode,
  createdAt: app.createdAt,
  updatedAt: app.updatedAt,
});
