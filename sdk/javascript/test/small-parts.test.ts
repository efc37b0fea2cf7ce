import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Emitter } from "../src/emitter.ts";
import { toRestError } from "../src/errors.ts";
import { createUuid, textFromMessageParts, toNewEntry } from "../src/messages.ts";
import { TenantPresence } from "../src/presence.ts";
import { SeenIds } from "../src/seen-ids.ts";

describe("Emitter", () => {
  const create = () => {
    const reported: unknown[] = [];
    return { reported, emitter: new Emitter<{ ping: number }>((error) => reported.push(error)) };
  };

  test("a handler that throws is reported and stops nobody", () => {
    const { emitter, reported } = create();
    const heard: number[] = [];
    const bug = new Error("bug in the app");
    emitter.on("ping", () => {
      throw bug;
    });
    emitter.on("ping", (value) => heard.push(value));
    emitter.emit("ping", 1);
    expect(heard).toEqual([1]);
    expect(reported).toEqual([bug]);
  });

  test("on returns what ends it, off does the same, and the same handler is called once", () => {
    const { emitter } = create();
    const heard: string[] = [];
    const first = (value: number) => heard.push(`first ${value}`);
    const second = (value: number) => heard.push(`second ${value}`);
    const stop = emitter.on("ping", first);
    emitter.on("ping", first);
    emitter.on("ping", second);
    emitter.emit("ping", 1);
    stop();
    emitter.off("ping", second);
    emitter.emit("ping", 2);
    expect(heard).toEqual(["first 1", "second 1"]);
  });

  test("a handler that ends another one, or adds one, does not disturb the round", () => {
    const { emitter } = create();
    const heard: string[] = [];
    const late = () => heard.push("late");
    emitter.on("ping", () => {
      heard.push("one");
      emitter.on("ping", late);
    });
    emitter.on("ping", () => heard.push("two"));
    emitter.emit("ping", 1);
    expect(heard).toEqual(["one", "two"]);
  });
});

test("SeenIds tells a new id from a repeat, for the latest ids", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 12 }).map(String)), fc.integer({ min: 1, max: 8 }), (ids, max) => {
      const seen = new SeenIds(max);
      const latest: string[] = [];
      for (const id of ids) {
        const isNew = !latest.includes(id);
        expect(seen.add(id)).toBe(isNew);
        if (isNew) latest.push(id);
        if (latest.length > max) latest.shift();
      }
    }),
  );
});

describe("TenantPresence", () => {
  test("keeps a snapshot and the changes after it, and tells what is no change", () => {
    const presence = new TenantPresence();
    expect(presence.replace([])).toBe(false);
    expect(presence.replace(["ann", "bob"])).toBe(true);
    expect(presence.replace(["bob", "ann"])).toBe(false);
    expect(presence.set("ann", true)).toBe(false);
    expect(presence.set("cem", true)).toBe(true);
    expect(presence.set("bob", false)).toBe(true);
    expect(presence.onlineUserIds).toEqual(["ann", "cem"]);
    expect([presence.isOnline("ann"), presence.isOnline("bob")]).toEqual([true, false]);
    expect(presence.replace(["dan", "eva"])).toBe(true);
    expect(presence.onlineUserIds).toEqual(["dan", "eva"]);
  });
});

describe("messages", () => {
  const createId = () => "new-id";

  test("text becomes the first part, and every message has an id", () => {
    expect(toNewEntry("hello", createId)).toEqual({
      parts: [{ type: "text", text: "hello" }],
      clientMessageId: "new-id",
    });
    const place = { type: "data-place", data: { latitude: 52.52 } };
    const fields = { text: "here", parts: [place], clientMessageId: "mine", parentMessageId: "m1" };
    expect(toNewEntry(fields, createId)).toEqual({
      parts: [{ type: "text", text: "here" }, place],
      clientMessageId: "mine",
      parentMessageId: "m1",
    });
  });

  test("a message without content is refused here", () => {
    for (const empty of [{}, { parts: [] }]) {
      expect(() => toNewEntry(empty, createId)).toThrow("unable to send message; it has neither text nor parts");
    }
  });

  test("the text of a message is its text parts, one per line", () => {
    const parts = [
      { type: "text", text: "a" },
      { type: "file", text: "no" },
      { type: "text", text: "b" },
      { type: "text" },
    ];
    expect(textFromMessageParts(parts)).toBe("a\nb");
  });

  test("ids are random UUIDs of version 4", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        expect(createUuid(() => bytes)).toMatch(
          /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        );
      }),
    );
    expect(createUuid(() => new Uint8Array(16).fill(255))).toBe("ffffffff-ffff-4fff-bfff-ffffffffffff");
  });
});

describe("toRestError", () => {
  const path = "/chat/rooms";
  const messageOf = (text: string, statusText = "") => toRestError(path, { status: 403, statusText, text }).message;

  test("shows the server's sentence and carries its code, status and request id", () => {
    const body = {
      statusCode: 403,
      code: "room_frozen",
      error: "This room is frozen",
      message: "other",
      requestId: "req_1",
    };
    const error = toRestError(path, { status: 403, statusText: "", text: JSON.stringify(body), retryAfterMs: 5 });
    expect(error).toMatchObject({
      name: "SendsarError",
      message: "Sendsar /chat/rooms failed: 403: This room is frozen",
      reason: "This room is frozen",
      code: "room_frozen",
      status: 403,
      requestId: "req_1",
      retryAfterMs: 5,
    });
  });

  test("tolerates every other body", () => {
    expect(messageOf('{"message":"only a message"}')).toBe("Sendsar /chat/rooms failed: 403: only a message");
    expect(messageOf('{"error":7,"message":""}', "Forbidden")).toBe("Sendsar /chat/rooms failed: 403: Forbidden");
    for (const text of ["<html>", "", "null", "[]", '"text"']) {
      expect(messageOf(text)).toBe("Sendsar /chat/rooms failed: 403: no explanation");
    }
    expect(toRestError(path, { status: 502, statusText: "", text: "<html>" }).code).toBe("http_502");
  });
});
