import { randomInt } from "node:crypto";

/** Gives out addresses of a pod network. */
export interface PodAddresses {
  /** `10.x.y.n`, never the same twice. */
  next(): string;
}

const addressesMax = 250;

/**
 * Pods of one machine have the same ports, so each needs an address of its own. Linux has a whole network on its loopback;
 * Kubernetes refuses loopback addresses as endpoints. So a pod is 10.x.y.n to the API, and 127.x.y.n to who connects.
 */
export const createPodAddresses = (): PodAddresses => {
  // Another test may be running its pods at the same time.
  const network = `10.${randomInt(128, 255)}.${randomInt(0, 256)}`;
  let last = 0;
  return {
    next() {
      if (last === addressesMax) throw new Error(`unable to run another pod; ${network} has no address left`);
      return `${network}.${++last}`;
    },
  };
};

/** Where a pod really listens. */
export const toLoopback = (podIp: string): string => podIp.replace(/^10\./, "127.");
