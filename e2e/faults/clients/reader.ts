import type { Recorder } from "../load/recorder.ts";
import type { RoomView } from "./room-view.ts";
import { createRoomView } from "./room-view.ts";
import type { FetchPage } from "./room-view.ts";

/** The rooms that an app shows, each kept whole by reading. */
export interface Reader {
  /** A new connection: rooms have holes until `readAll` is through, if nobody makes up for them. */
  open(epoch: number): void;
  /** The app was opened anew: nothing makes up for what was missed. */
  forget(): void;
  /** Lists the user's rooms and reads each; tries again until it works or the connection is another one. */
  readAll(): void;
  /** Reads one room anew, because the user came into it, or was told that something is missing. */
  readRoom(room: string): void;
  /** The user is not in the room any more. */
  drop(room: string): void;
  show(room: string, id: string): void;
  has(room: string, id: string): boolean;
  isWhole(): boolean;
  /** There is no connection: what is being read is not shown any more. */
  close(): void;
}

export interface ReaderOptions {
  readonly recorder: Recorder;
  readonly client: string;
  /** True if the connection makes up for what was missed by itself: then a room is read once, and when it says so. */
  readonly resumes: boolean;
  /** Ids of the user's rooms. Throws when they cannot be had. */
  readonly listRooms: () => Promise<readonly string[]>;
  readonly fetchPage: (room: string, cursor: string | undefined) => ReturnType<FetchPage>;
}

const retryMs = 500;

export const createReader = ({ recorder, client, resumes, listRooms, fetchPage }: ReaderOptions): Reader => {
  const views = new Map<string, RoomView>();
  /** Rooms of the user, as far as this connection knows. */
  let mine = new Set<string>();
  /** Comings and goings that were told live: newer than any list. */
  let told = new Map<string, boolean>();
  let listed = false;
  /** Of the connection in use; 0 if there is none. */
  let epoch = 0;
  let epochs = 0;

  const viewOf = (room: string): RoomView => {
    const view = views.get(room) ?? createRoomView();
    views.set(room, view);
    return view;
  };

  /** Runs it until it works, while the connection stays. */
  const persist = async (work: (isCurrent: () => boolean) => Promise<void>): Promise<void> => {
    const mineNow = epoch;
    const isCurrent = (): boolean => mineNow === epoch && mineNow > 0;
    while (isCurrent()) {
      try {
        await work(isCurrent);
        return;
      } catch {
        // The server is away or overloaded: the app shows that it is loading, and goes on trying.
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    }
  };

  const fill = (room: string): Promise<void> =>
    persist(async (isCurrent) => {
      const view = viewOf(room);
      const since = recorder.now();
      const messages = await view.read((cursor) => fetchPage(room, cursor));
      if (!isCurrent() || !mine.has(room)) return;
      if (!messages) {
        mine.delete(room);
        return;
      }
      recorder.note({ kind: "read", client, epoch, room, since, messages });
      view.close(messages);
      recorder.note({ kind: "synced", client, epoch, room });
    });

  return {
    open(next) {
      epoch = next;
      epochs = next;
      mine = new Set();
      told = new Map();
      listed = false;
      if (!resumes) for (const view of views.values()) view.open();
    },
    forget() {
      for (const [room, view] of views) {
        if (resumes) recorder.note({ kind: "resync", client, epoch: epochs, room });
        view.open();
      }
    },
    readAll: () =>
      void persist(async (isCurrent) => {
        const rooms = await listRooms();
        if (!isCurrent()) return;
        for (const room of rooms) if (told.get(room) !== false) mine.add(room);
        listed = true;
        for (const room of mine) if (!viewOf(room).isWhole) void fill(room);
      }),
    readRoom(room) {
      told.set(room, true);
      mine.add(room);
      if (resumes) recorder.note({ kind: "resync", client, epoch, room });
      viewOf(room).open();
      void fill(room);
    },
    drop(room) {
      told.set(room, false);
      mine.delete(room);
    },
    show: (room, id) => viewOf(room).show(id),
    has: (room, id) => views.get(room)?.has(id) ?? false,
    isWhole: () => listed && [...mine].every((room) => viewOf(room).isWhole),
    close() {
      epoch = 0;
    },
  };
};
