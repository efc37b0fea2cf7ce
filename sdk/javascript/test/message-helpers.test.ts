import { describe, expect, test } from "vitest";
import { deletedTextOf, isDeleted, isHidden } from "../src/deleted-messages.ts";
import { formatMembership, membershipOf } from "../src/membership.ts";
import { groupReactions } from "../src/reactions.ts";
import { tickOf } from "../src/read-ticks.ts";
import { type OrderedRoom, compareRooms } from "../src/room-order.ts";

describe("membership lines", () => {
  const change = { action: "removed", actorUserId: "ann", targetUserId: "bob" } as const;
  const partsOf = (data: unknown) => [{ type: "data-membership", data }];

  test("[TX2] read as the contract says, with names where they are known", () => {
    const names: Record<string, string> = { ann: "Ann", bob: "Bob" };
    const texts = (["joined", "left", "removed"] as const).map((action) =>
      formatMembership({ ...change, action }, (userId) => names[userId] ?? "?"),
    );
    expect(texts).toEqual(["Bob joined", "Bob left", "Ann removed Bob"]);
    expect(formatMembership(change)).toBe("ann removed bob");
  });

  test("[TX2] are none when a field does not fit", () => {
    expect(membershipOf(partsOf(change))).toEqual(change);
    const wrong = [
      { ...change, action: "banned" },
      { ...change, actorUserId: "" },
      { ...change, targetUserId: 7 },
      { action: "joined" },
      null,
      "joined",
    ];
    for (const data of wrong) expect(membershipOf(partsOf(data))).toBeUndefined();
    expect(membershipOf([{ type: "data-other", data: change }])).toBeUndefined();
  });
});

describe("deleted messages", () => {
  const at = "2026-11-22T09:00:00.000Z";
  const hidden = { deletedMessageDisplay: "hidden", deletedMessagePlaceholder: "Gone" };
  const shown = { ...hidden, deletedMessageDisplay: "placeholder" };

  test("[TX5] are hidden when they say so, else when the settings do", () => {
    expect(isDeleted({ deletedAt: null })).toBe(false);
    expect(isDeleted({ deletedAt: at })).toBe(true);
    expect(isHidden({ deletedAt: at, deletedHidden: true }, shown)).toBe(true);
    expect(isHidden({ deletedAt: at, deletedHidden: false }, hidden)).toBe(false);
    expect(isHidden({ deletedAt: at, deletedHidden: null }, hidden)).toBe(true);
    expect(isHidden({ deletedAt: at, deletedHidden: null }, shown)).toBe(false);
    expect(isHidden({ deletedAt: at, deletedHidden: null })).toBe(false);
    expect(isHidden({ deletedAt: null, deletedHidden: null }, hidden)).toBe(false);
  });

  test("[TX5] leave the tenant's text in their place, else the usual one", () => {
    expect(deletedTextOf(shown)).toBe("Gone");
    expect(deletedTextOf({ ...shown, deletedMessagePlaceholder: "  " })).toBe("Message deleted");
    expect(deletedTextOf()).toBe("Message deleted");
  });
});

test("[TX6] a message is read when it is not newer than the pointer, compared as times", () => {
  const peer = { peerLastReadAt: "2026-11-22T09:00:00.000Z", peerLastDeliveredAt: "2026-11-22T09:00:01.000Z" };
  const tickAt = (createdAt: string) => tickOf({ createdAt }, peer);
  expect(tickAt("2026-11-22T09:00:00.000Z")).toBe("read");
  expect(tickAt("2026-11-22T09:00:00.001Z")).toBe("delivered");
  expect(tickAt("2026-11-22T09:00:01.001Z")).toBe("sent");
  // The same moment, written otherwise.
  expect(tickAt("2026-11-22T10:00:00+01:00")).toBe("read");
  expect(tickOf({ createdAt: "2026-11-22T09:00:00.000Z" }, { peerLastReadAt: null })).toBe("sent");
});

test("[TX7] reactions are grouped by emoji, in the order in which each first came", () => {
  const reactions = [
    { userId: "ann", emoji: "👍" },
    { userId: "bob", emoji: "🎉" },
    { userId: "cem", emoji: "👍" },
  ];
  expect(groupReactions(reactions, "cem")).toEqual([
    { emoji: "👍", count: 2, userIds: ["ann", "cem"], isMine: true },
    { emoji: "🎉", count: 1, userIds: ["bob"], isMine: false },
  ]);
  expect(groupReactions(null, "cem")).toEqual([]);
  expect(groupReactions(reactions, undefined).some(({ isMine }) => isMine)).toBe(false);
});

test("rooms stand in the order in which the server lists them", () => {
  const room = (id: string, createdAt: string, lastAt?: string): OrderedRoom => ({
    id,
    createdAt,
    lastMessage: lastAt === undefined ? null : { previewText: null, createdAt: lastAt },
  });
  const rooms = [
    room("b", "2026-01-01T00:00:00.000Z"),
    room("a", "2026-01-01T00:00:00.000Z"),
    room("quiet", "2025-01-01T00:00:00.000Z", "2025-06-01T00:00:00.000Z"),
    room("busy", "2024-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"),
  ];
  expect(rooms.sort(compareRooms).map(({ id }) => id)).toEqual(["busy", "a", "b", "quiet"]);
});
