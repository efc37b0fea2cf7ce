import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type RoomView,
  emptyView,
  messagesMax,
  withMessage,
  withNewestPage,
  withOlderPage,
  withRead,
  withRoom,
  withRoomEvent,
  withUpdate,
} from "../src/room-view.ts";
import type { Message, MessagePage } from "../src/wire.ts";
import { createTestRoom, createTestPage } from "./test-room.ts";
import { toMessage } from "./test-message.ts";

const at = (second: number): string => new Date(Date.UTC(2026, 10, 22, 9, 0, second)).toISOString();
const none = new Map<string, Message>();
const seqs = ({ messages }: RoomView): number[] => messages.map(({ seq }) => seq);
const messages = (...numbers: number[]): Message[] => numbers.map((seq) => toMessage(seq, "r1", "bob"));

describe("messages", () => {
  test("[RV2] stand oldest first, each once, whatever page or event they came with", () => {
    let view = withNewestPage(emptyView, createTestPage(messages(5, 4), { nextCursor: "c" }), none);
    view = withMessage(view, toMessage(7, "r1", "bob"));
    view = withMessage(view, toMessage(6, "r1", "bob"));
    view = withMessage(view, toMessage(5, "r1", "bob"));
    view = withOlderPage(view, createTestPage(messages(4, 3, 2)), none);
    expect(seqs(view)).toEqual([2, 3, 4, 5, 6, 7]);
    expect(view.hasOlder).toBe(false);
  });

  test("[RV3] a change takes the place of its message, and brings no message that is not shown", () => {
    const view = withNewestPage(emptyView, createTestPage(messages(2, 1)), none);
    const edited = { ...toMessage(1, "r1", "bob"), editedAt: at(1) };
    const changed = withUpdate(view, edited);
    expect(changed.messages[0]).toBe(edited);
    expect(changed.messages[1]).toBe(view.messages[1]);
    expect(withUpdate(view, toMessage(9, "r1", "bob"))).toBe(view);
  });

  test("[RV3] what is deleted is not shown again by an event from before", () => {
    const [first] = messages(1);
    const deleted = { ...first, parts: [], deletedAt: at(2) } as Message;
    const view = withNewestPage(emptyView, createTestPage([deleted]), none);
    expect(withUpdate(view, { ...(first as Message), editedAt: at(1) })).toBe(view);
    const news = new Map([["message-1", { ...(first as Message), editedAt: at(1) }]]);
    expect(withNewestPage(emptyView, createTestPage([deleted]), news).messages).toEqual([deleted]);
  });

  test("[RV12] for a new message the oldest leaves when there are too many", () => {
    const all = Array.from({ length: messagesMax }, (_, index) => toMessage(index + 1, "r1", "bob"));
    const view = withMessage({ ...emptyView, messages: all }, toMessage(messagesMax + 1, "r1", "bob"));
    expect(view.messages).toHaveLength(messagesMax);
    expect(view.messages[0]?.seq).toBe(2);
    expect(view.hasOlder).toBe(true);
  });
});

/** What the server commits: a new message, or a change of one that is there. */
type Commit = { readonly kind: "new" } | { readonly kind: "react" | "delete"; readonly target: number };
/** What happens around it: a commit, an event that arrives, a page that is asked for, read by the server, or arrives. */
type Act = Commit | { readonly kind: "arrive" | "ask" | "read" | "answer" };

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: "new" } as const) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("react", "delete"), target: fc.nat(20) }) },
  { weight: 6, arbitrary: fc.constant({ kind: "arrive" } as const) },
  { weight: 3, arbitrary: fc.constantFrom<Act>({ kind: "ask" }, { kind: "read" }, { kind: "answer" }) },
);

/** Plays a room against a view as the subscription drives it: events in order, one reading at a time. */
function play(acts: readonly Act[]) {
  const stored: Message[] = [];
  const events: { readonly name: "new" | "updated"; readonly message: Message }[] = [];
  let view = emptyView;
  let news = new Map<string, Message>();
  let reading: { page?: MessagePage } | undefined;
  let hasRead = false;
  const arrive = (): void => {
    const event = events.shift();
    if (event === undefined) return;
    if (reading !== undefined) news.set(event.message.id, event.message);
    view = event.name === "new" ? withMessage(view, event.message) : withUpdate(view, event.message);
  };
  const steps: Record<Act["kind"], (target: number) => void> = {
    new: () => {
      const message = toMessage(stored.length + 1, "r1", "bob");
      stored.push(message);
      events.push({ name: "new", message });
    },
    react: (target) =>
      change(target, ({ reactions }) => ({ reactions: [...reactions, { userId: "bob", emoji: "+" }] })),
    delete: (target) => change(target, () => ({ parts: [], reactions: [], deletedAt: at(0) })),
    arrive,
    ask: () => {
      if (reading !== undefined) return;
      reading = {};
      news = new Map();
    },
    read: () => {
      if (reading !== undefined) reading.page ??= createTestPage(stored.toReversed());
    },
    answer: () => {
      if (reading?.page === undefined) return;
      view = withNewestPage(view, reading.page, news);
      reading = undefined;
      hasRead = true;
    },
  };
  const change = (target: number, how: (message: Message) => Partial<Message>): void => {
    const index = stored.length === 0 ? -1 : target % stored.length;
    const before = stored[index];
    if (before === undefined || before.deletedAt !== null) return;
    const message = { ...before, ...how(before) };
    stored[index] = message;
    events.push({ name: "updated", message });
  };
  for (const one of acts) steps[one.kind]("target" in one ? one.target : 0);
  if (reading !== undefined) {
    steps.read(0);
    steps.answer(0);
  }
  while (events.length > 0) arrive();
  return { view, stored, hasRead };
}

test("[RV1] after every event and page has come, what is shown is what the server has", () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      // The page is asked for first of all, as the subscription does.
      const { view, stored, hasRead } = play([{ kind: "ask" }, ...acts]);
      expect(hasRead).toBe(true);
      expect(view.messages).toEqual(stored);
    }),
    { numRuns: 1000 },
  );
});

describe("the room", () => {
  const room = createTestRoom({ lastSeq: 5 });
  const updated = (seq: number, name: string) =>
    ({ name: "room-updated", payload: { ...createTestRoom({ name }), roomId: "r1", seq } }) as const;

  test("[RV8] changes of its face, of roles, and of who leaves show at once", () => {
    const read = withRoom(emptyView, room, []);
    const left = { roomId: "r1", action: "left", actorUserId: "bob", targetUserId: "bob", seq: 7 } as const;
    const role = { roomId: "r1", userId: "ann", role: "MEMBER", actorUserId: "bob", seq: 8 } as const;
    let view = withRoomEvent(read, updated(6, "Renamed"));
    expect(view.room).toMatchObject({ name: "Renamed", lastSeq: 6, participants: room.participants });
    view = withRoomEvent(view, { name: "room-participants-changed", payload: left });
    view = withRoomEvent(view, { name: "participant-updated", payload: role });
    expect(view.room?.participants).toEqual([{ ...room.participants[0], role: "MEMBER" }]);
    expect(withRoomEvent(emptyView, updated(6, "Renamed"))).toBe(emptyView);
  });

  test("[RV8] a reading that is older than what was heard undoes nothing", () => {
    const heard = withRoomEvent(withRoom(emptyView, room, []), updated(9, "Renamed"));
    expect(withRoom(heard, room, [])).toBe(heard);
    const events = [updated(5, "Old"), updated(6, "New")];
    expect(withRoom(emptyView, room, events).room?.name).toBe("New");
    expect(withRoom(emptyView, createTestRoom({ lastSeq: 6, name: "Read" }), events).room?.name).toBe("Read");
  });
});

describe("the other one's pointer", () => {
  const read = (userId: string, second: number) => ({
    roomId: "r1",
    userId,
    lastReadAt: at(second),
    lastReadMessageId: `message-${second}`,
  });
  const two = withRoom(emptyView, createTestRoom(), []);
  const three = withRoom(emptyView, createTestRoom({}, ["ann", "bob", "cem"]), []);

  test("[RV9] moves forward in a room of two, and never back", () => {
    const later = withRead(two, read("bob", 5), "ann");
    expect(later.peerLastReadAt).toBe(at(5));
    expect(later.room?.participants[1]).toMatchObject({ lastReadAt: at(5), lastReadMessageId: "message-5" });
    expect(withRead(later, read("bob", 4), "ann")).toBe(later);
    expect(withNewestPage(later, createTestPage([], { peerLastReadAt: at(3) }), none).peerLastReadAt).toBe(at(5));
    expect(withNewestPage(later, createTestPage([], { peerLastReadAt: at(7) }), none).peerLastReadAt).toBe(at(7));
    expect(withRoom(later, createTestRoom(), []).room?.participants[1]?.lastReadAt).toBe(at(5));
  });

  test("[RV9] stays null for oneself and in a room of more than two", () => {
    expect(withRead(two, read("ann", 5), "ann").peerLastReadAt).toBeNull();
    const group = withRead(three, read("bob", 5), "ann");
    expect(group.peerLastReadAt).toBeNull();
    expect(group.room?.participants[1]?.lastReadAt).toBe(at(5));
  });
});
