/** What was wrong with what one member was sent. All zero in a run whose speed counts. */
export interface Violations {
  /** Never came. */
  lost: number;
  /** Came again. */
  duplicated: number;
  /** Came although something before it had not come yet. */
  inverted: number;
  /** Of a room that the member is not in. */
  foreign: number;
}

export const noViolations = (): Violations => ({ lost: 0, duplicated: 0, inverted: 0, foreign: 0 });

/** Adds what one saw to a sum. */
export const addViolations = (sum: Violations, more: Violations): void => {
  sum.lost += more.lost;
  sum.duplicated += more.duplicated;
  sum.inverted += more.inverted;
  sum.foreign += more.foreign;
};

/** True if nothing was wrong. */
export const isClean = ({ lost, duplicated, inverted, foreign }: Violations): boolean =>
  lost + duplicated + inverted + foreign === 0;

/**
 * Keeps the books of one member of one room: what came, by `seq`, which counts up by one without a hole. Says of each
 * arrival whether it was in its place, and at the end what is missing.
 */
export interface OrderBook {
  /** Answers true when the event came for the first time. */
  take(seq: number): boolean;
  /** The last event up to which all have come. */
  readonly last: number;
  /** What was wrong, if the room has come to `head`. */
  close(head: number): Violations;
}

/** Begins after `seq`. */
export const createOrderBook = (seq: number): OrderBook => {
  let last = seq;
  let duplicated = 0;
  let inverted = 0;
  let early: Set<number> | undefined;
  return {
    take(next) {
      if (next === last + 1) {
        last = next;
        if (early) while (early.delete(last + 1)) last++;
        return true;
      }
      if (next <= last || early?.has(next)) {
        duplicated++;
        return false;
      }
      inverted++;
      (early ??= new Set()).add(next);
      return true;
    },
    get last() {
      return last;
    },
    close(head) {
      const known = [...(early ?? [])].filter((one) => one <= head).length;
      return { lost: Math.max(0, head - last - known), duplicated, inverted, foreign: 0 };
    },
  };
};
