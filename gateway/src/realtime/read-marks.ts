/**
 * Up to where each participant was last told to have read. Two devices of a user that read on two gateways are told of
 * in one order here and in the other there, and a client takes what it hears last for the truth: what is behind the
 * last telling is not told. Bounded: the latest of `marksMax` participants at least are known, which is more than
 * read within the moments that gateways can be apart.
 */
export interface ReadMarks {
  /** Puts the mark forward; answers false, and leaves it, when it is there or further already. */
  advance(channel: string, userId: string, lastReadAt: string): boolean;
}

const marksDefaultMax = 5000;

export const createReadMarks = (marksMax = marksDefaultMax): ReadMarks => {
  let recent = new Map<string, string>();
  let older = new Map<string, string>();
  return {
    advance(channel, userId, lastReadAt) {
      const key = `${channel}/${userId}`;
      const last = recent.get(key) ?? older.get(key);
      // Both are of one format, in which the later time is the greater text.
      if (last !== undefined && lastReadAt <= last) return false;
      recent.set(key, lastReadAt);
      if (recent.size >= marksMax) [older, recent] = [recent, new Map()];
      return true;
    },
  };
};
