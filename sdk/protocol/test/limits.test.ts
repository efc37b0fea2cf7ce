import { expect, test } from "vitest";
import { endpoints } from "../src/endpoints.ts";
import { upEvents } from "../src/events/up.ts";
import { type LimitName, limitDocs, limits } from "../src/limits.ts";
import { Cursor, HttpUrl, Metadata, PageLimit, Timestamp, UserId, text } from "../src/objects/common.ts";

const bodies = {
  upsertUser: { id: "u", username: "U", appCode: "a", avatarUrl: "https://a.example/b" },
  createRoom: { participants: [{ id: "u", username: "U", appCode: "a" }], name: "n", externalId: "e", customType: "c" },
  createToken: { userId: "u" },
  sendMessage: { senderId: "u", parts: [{ type: "text", text: "t" }], clientMessageId: "c", parentMessageId: "p" },
  markRoomRead: { userId: "u", lastReadMessageId: "m" },
} as const;

/** Every text of a value, as the value with that one text spoiled. */
const spoil = (value: unknown, ending: string): readonly (readonly [path: string, spoiled: unknown])[] => {
  if (typeof value === "string") return [["", value + ending]];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    spoil(inner, ending).map(([path, spoiled]): readonly [string, unknown] => [
      `.${key}${path}`,
      Array.isArray(value) ? value.with(Number(key), spoiled) : { ...value, [key]: spoiled },
    ]),
  );
};

const spoiledBodies = Object.entries({ NUL: "\u0000", "a lone surrogate": "\ud800" }).flatMap(([what, ending]) =>
  Object.entries(bodies).flatMap(([id, body]) =>
    spoil(body, ending).map(([path, spoiled]) => ({ what, id: id as keyof typeof bodies, path, spoiled })),
  ),
);

test.each(Object.entries(bodies))("%s accepts its body while the texts are whole", (id, body) => {
  expect(endpoints[id as keyof typeof bodies].body.safeParse(body).error).toBeUndefined();
});

test.each(spoiledBodies)("$id refuses $what in $path", ({ id, spoiled }) => {
  expect(endpoints[id].body.safeParse(spoiled).success).toBe(false);
});

test.each(["line\nbreak", "tab\t", "\u0001", "👍", "\u{1f1f0}\u{1f1ed}", "ខ្មែរ", "\ufeff"])(
  "text like %j is kept as it is",
  (value) => {
    expect(text(100).parse(value)).toBe(value);
  },
);

test("a text may be as long as its limit and no longer", () => {
  expect(UserId.safeParse("u".repeat(limits.userIdCharsMax)).success).toBe(true);
  expect(UserId.safeParse("u".repeat(limits.userIdCharsMax + 1)).success).toBe(false);
  expect(UserId.safeParse("").success).toBe(false);
});

/** Metadata that is that many bytes as JSON, mostly in `filler`. */
const metadataOf = (bytes: number, filler: string) => {
  const room = bytes - '{"a":""}'.length;
  const size = Buffer.byteLength(filler);
  return { a: filler.repeat(Math.floor(room / size)) + "x".repeat(room % size) };
};

test.each(["x", "é", "👍"])("metadata is bounded in bytes, also when made of %s", (filler) => {
  const [fits, over] = [limits.metadataBytesMax, limits.metadataBytesMax + 1].map((n) => metadataOf(n, filler));
  expect(Buffer.byteLength(JSON.stringify(fits))).toBe(limits.metadataBytesMax);
  expect(Metadata.safeParse(fits).success).toBe(true);
  expect(Metadata.safeParse(over).success).toBe(false);
});

test.each([
  ["a list", []],
  ["a text", "{}"],
  ["null", null],
  ["a date", { at: new Date() }],
])("metadata is a JSON object, not %s", (_what, value) => {
  expect(Metadata.safeParse(value).success).toBe(false);
});

test.each([
  [undefined, 30],
  ["1", 1],
  ["007", 7],
  [String(limits.pageMax), limits.pageMax],
  [String(limits.pageMax + 1), limits.pageMax],
  ["999999999", limits.pageMax],
])("a page limit of %j is taken as %j", (given, taken) => {
  expect(PageLimit(30).parse(given)).toBe(taken);
});

test.each(["0", "000", "", " 1", "1 ", "-1", "+1", "1.5", "1e2", "0x10", "ten", "1000000000", 10, null])(
  "a page limit of %j is refused",
  (given) => {
    expect(PageLimit(30).safeParse(given).success).toBe(false);
  },
);

test("a cursor may be as long as its limit and no longer", () => {
  expect(Cursor.safeParse("c".repeat(limits.cursorCharsMax)).success).toBe(true);
  expect(Cursor.safeParse("c".repeat(limits.cursorCharsMax + 1)).success).toBe(false);
});

test.each(["https://a.example/b.png", "HTTP://a.example", "https://a.example/?q=ខ្មែរ"])("%s is a URL", (url) => {
  expect(HttpUrl.safeParse(url).success).toBe(true);
});

test.each(["javascript:alert(1)", "data:text/html,x", "//a.example", "a.example", "https://", " https://a.example"])(
  "%s is no URL",
  (url) => {
    expect(HttpUrl.safeParse(url).success).toBe(false);
  },
);

test.each([
  "2026-11-22T09:00:00Z",
  "2026-11-22T09:00:00.000+00:00",
  "2026-11-22T09:00:00.000000Z",
  "2026-02-30T09:00:00.000Z",
])("%s is no timestamp of this contract", (time) => {
  expect(Timestamp.safeParse(time).success).toBe(false);
});

test("a room cannot name a participant twice", () => {
  const participants = [{ id: "u" }, { id: "u" }];
  expect(endpoints.createRoom.body.safeParse({ participants }).error?.issues[0]?.path).toEqual(["participants"]);
});

test("fields that the contract does not know are dropped, not refused; parts of a message keep theirs", () => {
  expect(endpoints.createToken.body.parse({ userId: "u", displayName: "U" })).toEqual({ userId: "u" });
  const part = { type: "data-order", data: { id: 1 }, state: "done" };
  expect(endpoints.sendMessage.body.parse({ parts: [part], extra: 1 })).toEqual({ parts: [part] });
});

test("leave-room takes a bare room id, as published clients may send it", () => {
  expect(upEvents["leave-room"].payload.parse("r")).toEqual({ roomId: "r" });
  expect(upEvents["leave-room"].payload.parse({ roomId: "r", userId: null })).toEqual({ roomId: "r", userId: null });
});

test.each(Object.keys(limits) as LimitName[])("%s is a positive whole number with a sentence", (name) => {
  expect(Number.isSafeInteger(limits[name])).toBe(true);
  expect(limits[name]).toBeGreaterThan(0);
  expect(limitDocs[name]).toMatch(/^[A-Z`].*\.$/);
});
