import { type Apps, createApps } from "./apps.ts";
import { createCall } from "./call.ts";
import type { Deps } from "./deps.ts";
import { type Devices, createDevices } from "./devices.ts";
import { type Messages, createMessages } from "./messages.ts";
import { type SendsarOptions, toConfig } from "./options.ts";
import { createPutFile } from "./put-file.ts";
import { type Receipts, createReceipts } from "./receipts.ts";
import { type Rooms, createRooms } from "./rooms.ts";
import { type Sessions, createSessions } from "./sessions.ts";
import { type Tenant, createTenant } from "./tenant.ts";
import { type Uploads, createUploads } from "./uploads.ts";
import { type Users, createUsers } from "./users.ts";

/** A tenant's gateway, as its backend calls it. It has no state of its own: one for a whole server is right. */
export interface Sendsar {
  /** Base of the REST API, without a slash at its end. */
  readonly apiUrl: string;
  readonly users: Users;
  readonly devices: Devices;
  readonly sessions: Sessions;
  readonly rooms: Rooms;
  readonly messages: Messages;
  readonly receipts: Receipts;
  readonly uploads: Uploads;
  readonly tenant: Tenant;
  readonly apps: Apps;
}

/** Puts a client together. Throws `invalid_options`. */
export function assembleSendsar(realOrTestDeps: Deps, options: SendsarOptions): Sendsar {
  const config = toConfig(options);
  const deps = { ...realOrTestDeps, ...(options.fetch !== undefined && { fetch: options.fetch }) };
  const call = createCall(deps, config);
  return {
    apiUrl: config.apiUrl,
    users: createUsers(call),
    devices: createDevices(call),
    sessions: createSessions(call),
    rooms: createRooms(call),
    messages: createMessages(deps, call),
    receipts: createReceipts(call),
    uploads: createUploads(call, createPutFile(deps, config)),
    tenant: createTenant(call),
    apps: createApps(call),
  };
}
