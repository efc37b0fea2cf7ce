import { isUtf8 } from "node:buffer";
import type { FastifyInstance } from "fastify";
import secureJson from "secure-json-parse";
import { limits } from "@sendsar/protocol/limits";
import { ChatError } from "../chat/chat-error.ts";

/**
 * Accepts JSON bodies only, and only those that survive the way to the database and back: what JavaScript or Postgres
 * would silently change (a doubled key, a number beyond a double, NUL, half a surrogate pair, bytes that are not UTF-8)
 * is refused. An empty body is no body: published clients send a JSON content type with every DELETE (contract 1.1).
 */
export const parseJsonBodies = (server: FastifyInstance): void => {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, body, done) => {
    try {
      const charset = /charset\s*=\s*"?([^";\s]+)/i.exec(request.headers["content-type"] ?? "")?.[1];
      if (charset !== undefined && charset.toLowerCase() !== "utf-8") throw new ChatError("unsupported_media_type");
      done(null, body.length === 0 ? undefined : parseJson(decodeUtf8(body as Buffer)));
    } catch (error) {
      done(error as Error);
    }
  });
};

/** Parses JSON that can be kept exactly. Throws `invalid_json`. */
export const parseJson = (text: string): unknown => {
  let value: unknown;
  try {
    value = secureJson.parse(text, { protoAction: "error", constructorAction: "error" });
  } catch (cause) {
    throw new ChatError("invalid_json", { cause });
  }
  const keys = countKeys(value, 1);
  if (keys !== countWrittenKeys(text) || !numbersSurvive(text)) throw new ChatError("invalid_json");
  return value;
};

/** Throws `invalid_json` for bytes that are not UTF-8, where a lenient decoder would put U+FFFD. */
const decodeUtf8 = (bytes: Buffer): string => {
  if (!isUtf8(bytes)) throw new ChatError("invalid_json");
  return bytes.toString("utf8");
};

/** Counts the keys of a value while checking its depth and its texts. */
const countKeys = (value: unknown, depth: number): number => {
  if (typeof value === "string") requireStorable(value);
  if (typeof value !== "object" || value === null) return 0;
  if (depth > limits.jsonDepthMax) throw new ChatError("invalid_json");
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + countKeys(item, depth + 1), 0);
  let keys = 0;
  for (const [key, item] of Object.entries(value)) {
    requireStorable(key);
    keys += 1 + countKeys(item, depth + 1);
  }
  return keys;
};

const requireStorable = (text: string): void => {
  if (text.includes("\u0000") || !text.isWellFormed()) throw new ChatError("invalid_json");
};

/** Keys as written, doubled ones counted twice. The text is valid JSON, so a string before a colon is a key. */
const countWrittenKeys = (text: string): number => {
  let keys = 0;
  for (const [, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)) if (colon !== undefined) keys++;
  return keys;
};

const long = /[0-9.]{16}|[0-9][eE]|-0/;

/** True if every number reads back as it was written. Only texts that hold a long or unusual one are looked at. */
const numbersSurvive = (text: string): boolean => {
  if (!long.test(text)) return true;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*/g)) {
    if (!token.startsWith('"') && !numberSurvives(token)) return false;
  }
  return true;
};

const numberSurvives = (token: string): boolean => {
  const value = Number(token);
  return Number.isFinite(value) && !Object.is(value, -0) && digitsOf(token) === digitsOf(String(value));
};

/** The digits and the power of ten of a number, whatever way it is written: `1.50e2` and `150` are alike. */
const digitsOf = (token: string): string => {
  const [mantissa = "", exponent = "0"] = token.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const digits = `${whole}${fraction}`.replace("-", "").replace(/^0+/, "");
  const significant = digits.slice(0, lengthWithoutTrailingZeros(digits));
  const power = Number(exponent) - fraction.length + (digits.length - significant.length);
  return significant === "" ? "0" : `${token.startsWith("-") ? "-" : ""}${significant}e${power}`;
};

/** A loop, because `/0+$/` takes time with the square of the zeros in a number such as `1.000…0001`. */
const lengthWithoutTrailingZeros = (digits: string): number => {
  let length = digits.length;
  while (length > 0 && digits[length - 1] === "0") length--;
  return length;
};
