import * as z from "zod";
import { defineEndpoint } from "../endpoint.ts";
import { examples } from "../examples.ts";
import { App, CreateAppBody, UpdateAppBody } from "../objects/app.ts";
import { Ok } from "../objects/common.ts";
import { AppCode } from "../objects/user.ts";

const AppParams = z.object({ appCode: AppCode.meta({ description: "Code of the app", examples: ["driver-app"] }) });

export const createApp = defineEndpoint({
  method: "POST",
  path: "/tenant-apps",
  auth: "apiKey",
  action: "write",
  tag: "Tenant",
  summary: "Create an app",
  description: "An app holds the push credentials that the devices of its users are reached with.",
  body: CreateAppBody,
  statuses: [201],
  response: App,
  errors: ["api_key_required", "app_exists", "too_many_apps"],
});

export const listApps = defineEndpoint({
  method: "GET",
  path: "/tenant-apps",
  auth: "apiKey",
  action: "read",
  tag: "Tenant",
  summary: "List the tenant's apps, `default` first",
  statuses: [200],
  response: z.object({ apps: z.array(App) }).meta({ id: "AppList", examples: [{ apps: [examples.app] }] }),
  errors: ["api_key_required"],
});

export const getApp = defineEndpoint({
  method: "GET",
  path: "/tenant-apps/:appCode",
  auth: "apiKey",
  action: "read",
  tag: "Tenant",
  summary: "Read an app",
  description: "Credentials are never answered; `has…` tells which are there.",
  params: AppParams,
  statuses: [200],
  response: App,
  errors: ["api_key_required", "app_not_found"],
});

export const updateApp = defineEndpoint({
  method: "PATCH",
  path: "/tenant-apps/:appCode",
  auth: "apiKey",
  action: "write",
  tag: "Tenant",
  summary: "Change an app",
  description: "What is left out stays; null removes credentials.",
  params: AppParams,
  body: UpdateAppBody,
  statuses: [200],
  response: App,
  errors: ["api_key_required", "app_not_found"],
});

export const deleteApp = defineEndpoint({
  method: "DELETE",
  path: "/tenant-apps/:appCode",
  auth: "apiKey",
  action: "write",
  tag: "Tenant",
  summary: "Delete an app",
  description: "Its users go through `default` from then on, which itself cannot be deleted.",
  params: AppParams,
  statuses: [200],
  response: Ok,
  errors: ["api_key_required", "app_not_found", "default_app"],
});
