import type { Db } from "../store/db.ts";
import { clearRoom, listUnclearedRooms } from "../store/room-deletion.ts";

/**
 * Removes what is left of deleted rooms. A deletion itself removes some thousands of messages; a room that had more is
 * gone for everybody at once, and its messages follow within a minute or so, also when the gateway that deleted it has
 * ended meanwhile.
 *
 * Concurrency: one round at a time, of one step after the other. Any number of gateways may do this: they share the work
 * and do not wait for each other. A step that fails is done by a later round.
 * Limits: `stepsMax` transactions a round.
 */
export interface RoomClearing {
  /** Starts no further step. Answers when the one under way has ended. */
  stop(): Promise<void>;
}

export interface RoomClearingOptions {
  readonly db: Db;
  readonly timers: {
    setTimeout(callback: () => void, ms: number): unknown;
    clearTimeout(timer: unknown): void;
  };
  readonly onError: (error: unknown) => void;
}

const roundMs = 30_000;
const roomsMax = 100;
const stepsMax = 1000;

export const startRoomClearing = ({ db, timers, onError }: RoomClearingOptions): RoomClearing => {
  let stopped = false;
  let timer: unknown;
  let round = Promise.resolve();

  const clear = async (): Promise<void> => {
    let steps = 0;
    for (const { tenantId, roomId } of await listUnclearedRooms(db, roomsMax)) {
      let cleared = false;
      while (!cleared && !stopped && steps < stepsMax) {
        cleared = await clearRoom(db, tenantId, roomId);
        steps++;
      }
    }
  };

  const schedule = (): void => {
    // Gateways that were started together do not all look at once.
    timer = timers.setTimeout(start, roundMs * (0.5 + Math.random()));
  };

  const start = (): void => {
    round = clear()
      .catch(onError)
      .then(() => {
        if (!stopped) schedule();
      });
  };

  schedule();
  return {
    async stop() {
      stopped = true;
      timers.clearTimeout(timer);
      await round;
    },
  };
};
