import { createHash } from "node:crypto";
import { limits } from "@sendsar/protocol/limits";
import type { Device, DeviceBody } from "@sendsar/protocol/objects/device";
import { validate as isUuid } from "uuid";
import {
  deleteDevice,
  listDevices as listStoredDevices,
  registerDevice as registerStoredDevice,
} from "../store/devices.ts";
import { ChatError } from "./chat-error.ts";
import type { ChatDeps } from "./deps.ts";
import { parsePushSubscription } from "./push-subscription.ts";

/**
 * Registers a device of a user for push (contract U2, U4). The same token again is the same device; a token that another user
 * of the tenant registered is that user's no more. Throws `invalid_request` for a web push token that is no push
 * subscription, and `user_not_found`.
 */
export const registerDevice = async (
  { db, newId }: Pick<ChatDeps, "db" | "newId">,
  tenantId: string,
  userId: string,
  { provider, token, platform }: DeviceBody,
): Promise<{ readonly device: Device; readonly created: boolean }> => {
  const registered = await registerStoredDevice(
    db,
    tenantId,
    {
      deviceId: newId(),
      userId,
      provider,
      token,
      tokenHash: requireTokenHash(provider, token),
      platform: platform ?? null,
    },
    limits.userDevicesMax,
  );
  if (!registered) throw new ChatError("user_not_found");
  return registered;
};

/** A user's devices, the one that said last that it is there first. Throws `user_not_found`. */
export const listDevices = async (
  { db }: Pick<ChatDeps, "db">,
  tenantId: string,
  userId: string,
): Promise<readonly Device[]> => {
  const devices = await listStoredDevices(db, tenantId, userId);
  if (!devices) throw new ChatError("user_not_found");
  return devices;
};

/** Unregisters a device of a user by its token or its id; one that is not there is fine (contract U3). */
export const unregisterDevice = async (
  { db }: Pick<ChatDeps, "db">,
  tenantId: string,
  userId: string,
  tokenOrId: string,
): Promise<void> => {
  const found = await deleteDevice(db, tenantId, userId, {
    deviceId: isUuid(tokenOrId) ? tokenOrId : undefined,
    tokenHashes: hashesOf(tokenOrId),
  });
  if (!found) throw new ChatError("user_not_found");
};

/**
 * What tells a device apart. A browser is known by the address that its push service gave it: written in another way, or
 * with renewed keys, its subscription is the same.
 */
const requireTokenHash = (provider: Device["provider"], token: string): Buffer => {
  if (provider !== "WEBPUSH") return hash(token);
  const parsed = parsePushSubscription(token);
  if ("issues" in parsed) throw new ChatError("invalid_request", { details: parsed.issues });
  return hash(parsed.subscription.endpoint);
};

/** A token is named without its provider. */
const hashesOf = (token: string): Buffer[] => {
  const parsed = parsePushSubscription(token);
  return [hash(token), ...("subscription" in parsed ? [hash(parsed.subscription.endpoint)] : [])];
};

const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
