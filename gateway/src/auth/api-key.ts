import { createHash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

/**
 * API keys: `sk_`, 43 base62 characters (256 random bits), and a CRC-32 of those in 6 more. The checksum lets scanners
 * find leaked keys offline and lets us refuse a mistyped one without asking the database.
 */
export const createApiKey = (random: (bytes: number) => Buffer = randomBytes): string => {
  const body = toBase62(BigInt(`0x${random(32).toString("hex")}`), bodyChars);
  return `sk_${body}${checksum(body)}`;
};

/** True if the text has the form of a key and its checksum. Says nothing about whose it is. */
export const isApiKey = (text: string): boolean => {
  const match = /^sk_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/.exec(text);
  return match?.[1] !== undefined && checksum(match[1]) === match[2];
};

/** What is stored and looked up. A key of 256 random bits needs no slow hash. */
export const hashApiKey = (apiKey: string): Buffer => createHash("sha256").update(apiKey).digest();

const bodyChars = 43;
const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const checksum = (body: string): string => toBase62(BigInt(crc32(body)), 6);

const toBase62 = (value: bigint, chars: number): string => {
  let text = "";
  for (let rest = value; rest > 0n; rest /= 62n) text = alphabet[Number(rest % 62n)] + text;
  return text.padStart(chars, "0");
};
