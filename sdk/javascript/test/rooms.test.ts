import { beforeEach, describe, expect, test } from "vitest";
import { SendsarError } from "../src/errors.ts";
import { OpenRooms, joinsPerSecondMax } from "../src/rooms.ts";
import { limits } from "../src/wire.ts";
import { type TestClock, createTestClock, settle } from "./test-clock.ts";

describe("OpenRooms", () => {
  let clock: TestClock;
  let rooms: OpenRooms;
  let said: string[];

  beforeEach(() => {
    clock = createTestClock();
    said = [];
    rooms = new OpenRooms(clock, (name, payload) => {
      const { roomId, userId } = payload as { roomId: string; userId: string };
      said.push(`${name} ${roomId} ${userId}`);
      return true;
    });
  });

  const refuse = (roomId: string, code = "room_not_found") =>
    rooms.onRefused({ message: "Room not found", code, event: "join-room", roomId });

  /** Resolves with how the promise stands now. */
  const stateOf = async (promise: Promise<void>): Promise<string> => {
    let state = "pending";
    promise.then(
      () => (state = "joined"),
      (error: SendsarError) => (state = `${error.code}: ${error.message}`),
    );
    await settle();
    return state;
  };

  test("a refusal belongs to the room that it names", async () => {
    void rooms.onUp("ann");
    const [a, b, c] = [rooms.join("a"), rooms.join("b"), rooms.join("c")];
    expect(said).toEqual(["join-room a ann", "join-room b ann", "join-room c ann"]);
    refuse("b");
    rooms.onJoined("c");
    rooms.onJoined("a");
    expect(await stateOf(a)).toBe("joined");
    expect(await stateOf(b)).toBe("room_not_found: Room not found");
    expect(await stateOf(c)).toBe("joined");
  });

  test("asks when the connection is there, and all confirmed rooms again on every new socket", async () => {
    const joined = rooms.join("a");
    expect(said).toEqual([]);
    void rooms.onUp("ann");
    rooms.onJoined("a");
    void rooms.join("b");
    refuse("b");
    expect(await stateOf(joined)).toBe("joined");
    expect(rooms.confirmed()).toEqual(["a"]);
    rooms.onDown();
    said.length = 0;
    const rejoined = rooms.onUp("ann");
    expect(await stateOf(rejoined)).toBe("pending");
    rooms.onJoined("a");
    expect(await stateOf(rejoined)).toBe("joined");
    expect(said).toEqual(["join-room a ann"]);
  });

  test("asks again on the next socket when the first one went before its answer", async () => {
    void rooms.onUp("ann");
    const joined = rooms.join("a");
    rooms.onDown();
    void rooms.onUp("ann");
    expect(said).toEqual(["join-room a ann", "join-room a ann"]);
    rooms.onJoined("a");
    expect(await stateOf(joined)).toBe("joined");
  });

  test("a join of a room that is joined or asked already is the same join", async () => {
    void rooms.onUp("ann");
    const first = rooms.join("a");
    expect(rooms.join("a")).toBe(first);
    rooms.onJoined("a");
    expect(await stateOf(rooms.join("A"))).toBe("joined");
    expect(said).toHaveLength(1);
  });

  test("understands a confirmation in another letter case", async () => {
    void rooms.onUp("ann");
    const joined = rooms.join("ABCD");
    rooms.onJoined("abcd");
    expect(await stateOf(joined)).toBe("joined");
  });

  test("a join that is not answered in time is rejected, taken back and forgotten", async () => {
    void rooms.onUp("ann");
    const joined = rooms.join("a");
    await clock.advance(9999);
    expect(await stateOf(joined)).toBe("pending");
    await clock.advance(1);
    expect(await stateOf(joined)).toBe("timeout: unable to join room; no answer within 10 s");
    expect(said).toEqual(["join-room a ann", "leave-room a ann"]);
    said.length = 0;
    void rooms.onUp("ann");
    expect(said).toEqual([]);
    rooms.onDown();
    expect(clock.pending()).toBe(0);
  });

  test("a room that is left stays left, whatever is still on its way", async () => {
    void rooms.onUp("ann");
    const first = rooms.join("a");
    rooms.leave("a");
    expect(await stateOf(first)).toBe("aborted: unable to join room; it was left first");
    const second = rooms.join("a");
    rooms.onJoined("a"); // answers the first join, which the leave has undone
    expect(await stateOf(second)).toBe("pending");
    expect(said).toEqual(["join-room a ann", "leave-room a ann", "join-room a ann"]);
    rooms.onJoined("a");
    expect(await stateOf(second)).toBe("joined");
  });

  test("leaving a room that is not open says nothing", () => {
    void rooms.onUp("ann");
    rooms.leave("a");
    expect(said).toEqual([]);
  });

  test("a confirmed room outlives a busy server, which is asked again a second later, but not a refusal", async () => {
    void rooms.onUp("ann");
    void rooms.join("a");
    rooms.onJoined("a");
    const rejoined = rooms.onUp("ann");
    said.length = 0;
    refuse("a", "rate_limited");
    expect(await stateOf(rejoined)).toBe("pending");
    expect(said).toEqual([]);
    await clock.advance(1000);
    expect(said).toEqual(["join-room a ann"]);
    refuse("a");
    expect(await stateOf(rejoined)).toBe("joined");
    said.length = 0;
    void rooms.onUp("ann");
    expect(said).toEqual([]);
  });

  test("a refusal of a room that was not asked for is nobody's", async () => {
    void rooms.onUp("ann");
    refuse("a");
    const joined = rooms.join("a");
    refuse("b");
    rooms.onJoined("a");
    expect(await stateOf(joined)).toBe("joined");
  });

  test("does not wait for ever for a remembered room that is never answered", async () => {
    void rooms.onUp("ann");
    for (const roomId of ["a", "b"]) {
      void rooms.join(roomId);
      rooms.onJoined(roomId);
    }
    const rejoined = rooms.onUp("ann");
    rooms.onJoined("b");
    await clock.advance(29_999);
    expect(await stateOf(rejoined)).toBe("pending");
    await clock.advance(1);
    expect(await stateOf(rejoined)).toBe("joined");
  });

  test("remembers as many rooms as a socket may join, and no more, and asks as fast as the server takes", async () => {
    void rooms.onUp("ann");
    for (let index = 0; index < limits.joinedRoomsPerSocketMax; index += 1) void rooms.join(`room-${index}`);
    await expect(rooms.join("one more")).rejects.toMatchObject({ code: "too_many_pending" });
    expect(said).toHaveLength(joinsPerSecondMax);
    await clock.advance(1000);
    expect(said).toHaveLength(2 * joinsPerSecondMax);
    rooms.clear(new SendsarError("gone", { code: "aborted" }));
    void rooms.onUp("ann");
    expect(said).toHaveLength(2 * joinsPerSecondMax);
  });

  test("clear rejects what waits and leaves no timer", async () => {
    void rooms.onUp("ann");
    const [a, b] = [rooms.join("a"), rooms.join("b")];
    rooms.clear(new SendsarError("unable to join room; gone", { code: "aborted" }));
    expect([await stateOf(a), await stateOf(b)]).toEqual(Array(2).fill("aborted: unable to join room; gone"));
    expect(clock.pending()).toBe(0);
  });
});
