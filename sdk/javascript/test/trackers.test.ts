import { beforeEach, expect, test, vi } from "vitest";
import type { ChatClient } from "../src/client.ts";
import { confirmDelivery } from "../src/delivery-receipts.ts";
import { trackRoomPresence } from "../src/room-presence.ts";
import { trackTyping } from "../src/typists.ts";
import type { DownEvents } from "../src/wire.ts";
import { toAnswer } from "./gateway-double.ts";
import { createHold } from "./hold.ts";
import { toMessage } from "./test-message.ts";
import { withGatewayDouble } from "./with-gateway-double.ts";

const given = withGatewayDouble();

let chat: ChatClient;
beforeEach(async () => {
  chat = await given.connectAs("ann");
});

/** Says something to the client, and resolves when everything said so far was heard. */
async function say<Name extends keyof DownEvents>(name: Name, payload: DownEvents[Name]): Promise<void> {
  given.gateway.emit(name, payload);
  const heard = new Promise<void>((resolve) => {
    const stop = chat.on("left-room", ({ roomId }) => {
      if (roomId !== "the last word") return;
      stop();
      resolve();
    });
  });
  given.gateway.emit("left-room", { roomId: "the last word" });
  await heard;
}

const typing = (userId: string, isTyping: boolean, roomId = "r1") => say("typing", { roomId, userId, isTyping });

test("[TY3] follows who types, by room, and tells each change once", async () => {
  const told: string[] = [];
  const tracker = trackTyping(chat, (roomId, userIds) => told.push(`${roomId}: ${userIds.join(" ")}`));
  await typing("bob", true);
  await typing("bob", true);
  await typing("cem", true);
  await typing("ann", true);
  await typing("dan", true, "r2");
  expect(tracker.in("r1")).toEqual(["bob", "cem"]);
  expect(tracker.in("R1")).toEqual(["bob", "cem"]);
  await typing("bob", false);
  expect(told).toEqual(["r1: bob", "r1: bob cem", "r2: dan", "r1: cem"]);
  tracker.close();
  await typing("bob", true);
  expect(tracker.in("r1")).toEqual(["cem"]);
});

test("[TY3] who sends a message, leaves, or may have stopped during a break types no more", async () => {
  const tracker = trackTyping(chat);
  for (const userId of ["bob", "cem", "dan"]) await typing(userId, true);
  await say("new-message", toMessage(1, "r1", "bob"));
  expect(tracker.in("r1")).toEqual(["cem", "dan"]);
  const left = { roomId: "r1", action: "left", actorUserId: "cem", targetUserId: "cem", seq: 2 } as const;
  await say("room-participants-changed", left);
  expect(tracker.in("r1")).toEqual(["dan"]);
  given.gateway.dropTransports();
  await vi.waitFor(() => expect(chat.state).not.toBe("connected"));
  expect(tracker.in("r1")).toEqual([]);
});

test("[TY4] follows who has a joined room open, until the connection breaks", async () => {
  const told: string[] = [];
  const presence = trackRoomPresence(chat, (roomId, userIds) => told.push(`${roomId}: ${userIds.join(" ")}`));
  await say("presence-snapshot", { roomId: "r1", onlineUserIds: ["ann", "bob"] });
  await say("presence", { roomId: "r1", userId: "cem", online: true });
  await say("presence", { roomId: "r1", userId: "bob", online: false });
  expect(presence.in("r1")).toEqual(["ann", "cem"]);
  await say("presence-snapshot", { roomId: "r1", onlineUserIds: ["cem", "ann"] });
  await say("left-room", { roomId: "r1" });
  expect(told).toEqual(["r1: ann bob", "r1: ann bob cem", "r1: ann cem", "r1: "]);
  await say("presence-snapshot", { roomId: "r1", onlineUserIds: ["ann"] });
  given.gateway.dropTransports();
  await vi.waitFor(() => expect(presence.in("r1")).toEqual([]));
  presence.close();
});

const deliveries = (): unknown[] =>
  given.gateway.requests.filter(({ path }) => path.endsWith("/delivery")).map(({ path, body }) => [path, body]);

test("confirms what others wrote, room by room, with one call at a time", async () => {
  const hold = createHold(given.gateway, ({ path }) => path.includes("r1"));
  const stop = confirmDelivery(chat);
  await say("new-message", toMessage(1, "r1", "bob"));
  await hold.reached();
  await say("new-message", toMessage(2, "r1", "bob"));
  await say("new-message", toMessage(3, "r1", "bob"));
  await say("new-message", toMessage(4, "r1", "ann"));
  await say("new-message", toMessage(5, "r2", "bob"));
  await vi.waitFor(() => expect(deliveries()).toHaveLength(2));
  given.gateway.hold = undefined;
  hold.release();
  await vi.waitFor(() => expect(deliveries()).toHaveLength(3));
  const by = (roomId: string, seq: number) => [
    `/v1/chat/rooms/${roomId}/delivery`,
    { userId: "ann", lastDeliveredMessageId: `message-${seq}` },
  ];
  expect(deliveries()).toEqual([by("r1", 1), by("r2", 5), by("r1", 3)]);
  stop();
  await say("new-message", toMessage(6, "r1", "bob"));
  await chat.listRooms();
  expect(deliveries()).toHaveLength(3);
});

test("reports a refusal to confirm, but not that the room is gone", async () => {
  const errors: string[] = [];
  confirmDelivery(chat, ({ code }) => errors.push(code));
  given.gateway.nextAnswers.push(toAnswer(404, "room_not_found", "Room not found"));
  await say("new-message", toMessage(1, "r1", "bob"));
  await vi.waitFor(() => expect(deliveries()).toHaveLength(1));
  given.gateway.nextAnswers.push(toAnswer(403, "tenant_suspended", "This tenant is suspended"));
  await say("new-message", toMessage(2, "r1", "bob"));
  await vi.waitFor(() => expect(errors).toEqual(["tenant_suspended"]));
});
