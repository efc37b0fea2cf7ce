import type { Call } from "./operation.ts";
import type { CallOptions, WriteOptions } from "./options.ts";
import type { App, AppList, CreateAppBody, Ok, UpdateAppBody } from "./wire.ts";

/** The tenant's apps: which push credentials its users' devices are reached with. Credentials are never answered. */
export interface Apps {
  /** Creates an app. Rejects with `app_exists`, `too_many_apps`. */
  create(app: CreateAppBody, options?: WriteOptions): Promise<App>;

  /** All apps, `default` first. */
  list(options?: CallOptions): Promise<AppList>;

  /** Reads an app. Rejects with `app_not_found`. */
  get(appCode: string, options?: CallOptions): Promise<App>;

  /** Changes an app; null removes credentials. Rejects with `app_not_found`. */
  update(appCode: string, changes: UpdateAppBody, options?: CallOptions): Promise<App>;

  /** Deletes an app; its users go through `default` from then on. Rejects with `app_not_found`, `default_app`. */
  delete(appCode: string, options?: CallOptions): Promise<Ok>;
}

/** Creates the calls about apps. */
export function createApps(call: Call): Apps {
  return {
    create: (body, options) => call("createApp", { body }, options),
    list: (options) => call("listApps", {}, options),
    get: (appCode, options) => call("getApp", { params: { appCode } }, options),
    update: (appCode, body, options) => call("updateApp", { params: { appCode }, body }, options),
    delete: (appCode, options) => call("deleteApp", { params: { appCode } }, options),
  };
}
