import type { GatewayDouble, HeardRequest } from "./gateway-double.ts";

/** Answers that were made and are not sent. */
export interface Hold {
  /** Resolves when one is held. */
  reached(): Promise<void>;
  /** Sends what is held; what comes from now on is held no more. */
  release(): void;
}

/** Holds the answers to the calls that fit, until they are released. */
export function createHold(gateway: GatewayDouble, fits: (request: HeardRequest) => boolean): Hold {
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  gateway.hold = (request) => {
    if (!fits(request)) return undefined;
    reached.resolve();
    return released.promise;
  };
  return { reached: () => reached.promise, release: () => released.resolve() };
}
