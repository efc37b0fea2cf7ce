import { ChatError } from "../../chat/chat-error.ts";
import type { Actor } from "../../chat/actor.ts";
import { listDevices, registerDevice, unregisterDevice } from "../../chat/devices.ts";
import type { Handlers } from "../handler.ts";

export const deviceHandlers: Handlers<
  | "registerDevice"
  | "listDevices"
  | "unregisterDevice"
  | "registerUserDevice"
  | "listUserDevices"
  | "unregisterUserDevice"
> = {
  async registerDevice(deps, { actor, body }) {
    const { device, created } = await registerDevice(deps, actor.tenantId, requireUser(actor), body);
    return { status: created ? 201 : 200, body: device };
  },
  async listDevices(deps, { actor }) {
    return { status: 200, body: { devices: [...(await listDevices(deps, actor.tenantId, requireUser(actor)))] } };
  },
  async unregisterDevice(deps, { actor, params }) {
    await unregisterDevice(deps, actor.tenantId, requireUser(actor), params.token);
    return { status: 200, body: { ok: true } };
  },
  async registerUserDevice(deps, { actor, params, body }) {
    const { device, created } = await registerDevice(deps, actor.tenantId, params.userId, body);
    return { status: created ? 201 : 200, body: device };
  },
  async listUserDevices(deps, { actor, params }) {
    return { status: 200, body: { devices: [...(await listDevices(deps, actor.tenantId, params.userId))] } };
  },
  async unregisterUserDevice(deps, { actor, params }) {
    await unregisterDevice(deps, actor.tenantId, params.userId, params.token);
    return { status: 200, body: { ok: true } };
  },
};

/** The guard let nobody else in. */
const requireUser = (actor: Actor): string => {
  if (actor.kind !== "user") throw new ChatError("session_required");
  return actor.userId;
};
