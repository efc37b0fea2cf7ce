import { randomFillSync } from "node:crypto";
import { v7 as uuidv7 } from "uuid";

/**
 * Makes ids that sort by the time at which they were made (UUID version 7), with fresh random bits in each. The bits are
 * drawn for many ids at a time: to ask for those of one costs four times as much as all the rest.
 */
export const createIds = (): (() => string) => {
  const pool = Buffer.alloc(bytesPerId * idsAtOnce);
  let at = pool.length;
  return () => {
    if (at === pool.length) {
      randomFillSync(pool);
      at = 0;
    }
    return uuidv7({ random: pool.subarray(at, (at += bytesPerId)) });
  };
};

const bytesPerId = 16;
const idsAtOnce = 256;
