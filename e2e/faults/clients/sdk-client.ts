import { Sendsar, SendsarError } from "../../../sdk/javascript/src/sendsar.ts";
import { toSeen } from "../load/payload.ts";
import type { ChatClient, ClientCounts, ClientOptions } from "./chat-client.ts";
import { createReader } from "./reader.ts";

/** How long an app waits before it lets its user try again. */
const againMs = 1000;

/**
 * An app on our SDK, by its public interface alone. It reads each room once, and again when the SDK says that it has to;
 * everything else it is handed, in order and whole over reconnects.
 */
export const createSdkClient = (options: ClientOptions): ChatClient & Disposable => {
  const { recorder, name: client, tenant, user, token, origin, cutWay } = options;
  const chat = Sendsar.init({ apiUrl: `${origin}/v1` });
  const reader = createReader({
    recorder,
    client,
    resumes: true,
    listRooms: async () => (await chat.listRooms({ limit: 100 })).rooms.map(({ id }) => id),
    async fetchPage(room, cursor) {
      try {
        return await chat.getMessages(room, { limit: 100, cursor });
      } catch (error) {
        if (error instanceof SendsarError && error.status === 404) return undefined;
        throw error;
      }
    },
  });
  const counts: ClientCounts = { connects: 0, losses: 0, refusals: [] };
  let epoch = 0;
  let isUp = false;
  /** `connect` was answered; from then on the SDK ends by itself only when it is refused. */
  let isAdmitted = false;
  let isStarted = false;

  /** Events may come before the state is told. */
  const comeUp = (): void => {
    if (isUp) return;
    isUp = true;
    epoch++;
    counts.connects++;
    recorder.note({ kind: "connect", client, epoch });
    reader.open(epoch);
  };
  const goDown = (reason: string): void => {
    if (!isUp) return;
    isUp = false;
    reader.close();
    recorder.note({ kind: "disconnect", client, epoch, reason });
    if (isStarted) counts.losses++;
  };

  chat.on("connection", ({ state, reason = state }) => {
    if (state !== "connected") {
      goDown(reason);
      if (state === "disconnected" && isAdmitted && isStarted) counts.refusals.push(reason);
      return;
    }
    comeUp();
    reader.readAll();
  });
  chat.on("new-message", (message) => {
    comeUp();
    const { roomId: room, id } = message;
    recorder.note({ kind: "recv", client, epoch, room, ...toSeen(message) });
    reader.show(room, id);
  });
  chat.on("room-participants-changed", ({ roomId: room, action, targetUserId, seq = 0 }) => {
    comeUp();
    recorder.note({ kind: "change", client, epoch, room, user: targetUserId, action, seq });
    if (targetUserId !== user) return;
    if (action === "joined") reader.readRoom(room);
    else reader.drop(room);
  });

  chat.on("room-reset", ({ roomId }) => reader.readRoom(roomId));

  const connect = (): void => {
    isAdmitted = false;
    const onAdmitted = (): void => {
      isAdmitted = true;
    };
    chat.connect({ userId: user, token }).then(onAdmitted, (error: unknown) => {
      if (!isStarted) return;
      const isLate = error instanceof SendsarError && error.code === "timeout";
      if (isLate) setTimeout(() => isStarted && connect(), againMs);
      else counts.refusals.push(String(error));
    });
  };
  const leave = (): void => {
    isStarted = false;
    void chat.disconnect();
    reader.forget();
  };

  return {
    facts: { client, kind: "resuming", tenant, user, staysToTheEnd: true },
    counts,
    get isStarted() {
      return isStarted;
    },
    start() {
      isStarted = true;
      connect();
    },
    cut: () => cutWay?.(),
    leave,
    isSynced: () => isUp && chat.state === "connected" && reader.isWhole(),
    has: reader.has,
    [Symbol.dispose]: leave,
  };
};
