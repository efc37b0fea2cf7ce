import fc from "fast-check";

/** What is done to the text of a body after it was written as JSON. */
export type TextBreak = (json: string) => string | Uint8Array;

const named = {
  cut: (json) => json.slice(0, Math.floor(json.length / 2)),
  nothing: () => "",
  blank: () => " \n\t ",
  "no JSON": () => "username=x&id=y",
  "two values": (json) => `${json}${json}`,
  "a comma at the end": (json) => json.replace(/\}$/, ",}"),
  "a comment": (json) => `/* x */${json}`,
  "a byte order mark": (json) => `\ufeff${json}`,
  "a NUL": (json) => `${json}\u0000`,
  "an escaped NUL": (json) => withKey(json, '"extra":"a\\u0000b"'),
  "half a surrogate pair": (json) => withKey(json, '"extra":"\\ud800"'),
  "a doubled key": (json) => withKey(json, '"userId":"x","userId":"y"'),
  "a key and its escaped twin": (json) => withKey(json, '"userId":"x","\\u0075serId":"y"'),
  "a __proto__": (json) => withKey(json, '"__proto__":{"admin":true}'),
  "an escaped __proto__": (json) => withKey(json, '"\\u005f_proto__":{"admin":true}'),
  "a constructor": (json) => withKey(json, '"constructor":{"prototype":{"admin":true}}'),
  "a huge number": (json) => withKey(json, '"limit":1e400,"extra":123456789012345678901234567890'),
  "a number with too many digits": (json) => withKey(json, `"extra":0.${"1".repeat(400)}`),
  "minus zero": (json) => withKey(json, '"extra":-0'),
  NaN: (json) => withKey(json, '"extra":NaN'),
  "single quotes": (json) => json.replaceAll('"', "'"),
  "deep lists": (json) => withKey(json, `"extra":${"[".repeat(5000)}${"]".repeat(5000)}`),
  "deep objects": (json) => withKey(json, `"extra":${'{"a":'.repeat(3000)}1${"}".repeat(3000)}`),
  "lists without an end": () => "[".repeat(20_000),
  "many keys": (json) => withKey(json, Array.from({ length: 4000 }, (_, index) => `"k${index}":0`).join(",")),
  "as many bytes as may be": (json) => json.padEnd(65_536, " "),
  "a byte too many": (json) => json.padEnd(65_537, " "),
  "far too many bytes": (json) => json.padEnd(300_000, " "),
  "no UTF-8": (json) => new Uint8Array([...Buffer.from(json.slice(0, -1)), 0xff, 0xc3, 0x28]),
  "UTF-16": (json) => new Uint8Array(Buffer.from(json, "utf16le")),
  "zipped bytes": () => new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]),
  "only null": () => "null",
  "only a list": (json) => `[${json}]`,
  "only a text": (json) => JSON.stringify(json),
  "only a number": () => "1",
} satisfies Readonly<Record<string, TextBreak>>;

/** Its name is what a request holds, so that it can be printed. */
export type TextBreakName = keyof typeof named;

export const textBreakNames = fc.constantFrom(...(Object.keys(named) as TextBreakName[]));

export const breakText = (name: TextBreakName, json: string): string | Uint8Array => named[name](json);

/** The object with one more member, written by hand. */
const withKey = (json: string, member: string): string =>
  json.startsWith("{") ? json.replace(/\}$/, `${json === "{}" ? "" : ","}${member}}`) : `{${member}}`;
