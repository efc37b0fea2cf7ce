import type { Call } from "./operation.ts";
import type { CallOptions, WriteOptions } from "./options.ts";
import type { Device, DeviceBody, DeviceList, Ok } from "./wire.ts";

/** What can be woken by a push. Apps usually register their devices themselves, with a session. */
export interface Devices {
  /** Registers a device of a user; the same token again is the same device. Rejects with `user_not_found`. */
  register(userId: string, device: DeviceBody, options?: WriteOptions): Promise<Device>;

  /** A user's devices. Rejects with `user_not_found`. */
  list(userId: string, options?: CallOptions): Promise<DeviceList>;

  /** Unregisters a device, by its token or the `id` of its registration. One that is not there is fine. */
  unregister(userId: string, token: string, options?: CallOptions): Promise<Ok>;
}

/** Creates the calls about devices. */
export function createDevices(call: Call): Devices {
  return {
    register: (userId, body, options) => call("registerUserDevice", { params: { userId }, body }, options),
    list: (userId, options) => call("listUserDevices", { params: { userId } }, options),
    unregister: (userId, token, options) => call("unregisterUserDevice", { params: { userId, token } }, options),
  };
}
