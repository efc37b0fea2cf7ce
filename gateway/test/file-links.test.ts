import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createKeyRing } from "../src/auth/key-ring.ts";
import { createLinkSigner } from "../src/files/link-signer.ts";
import { createFileLinks } from "../src/files/links.ts";

const createSigner = () =>
  createLinkSigner(createKeyRing({ kind: "master", masterKey: randomBytes(32).toString("base64") }));
const signer = createSigner();
const uploadId = "0b9f6a3e-6a0e-4d0a-9a5e-1f4f2f6a1c11";
const start = Date.parse("2026-11-22T09:01:02.000Z");

/** Links with a clock that a test sets. */
const createLinks = () => {
  const clock = { ms: start };
  const links = createFileLinks({ signer, publicUrl: "https://chat.example", now: () => new Date(clock.ms) });
  return { clock, links };
};
const tokenOf = (url: string): string => new URL(url).pathname.split("/")[2] ?? "";

describe("E02 links to files", () => {
  test("say what they lead to, and are good for an hour at least, and a window more at most", () => {
    const { clock, links } = createLinks();
    for (const after of [0, 1, 57_999, 58_000, 238_000, 299_000]) {
      clock.ms = start + after;
      const { url, expiresAt } = links.make("acme", uploadId, "menu.pdf");
      const seconds = (Date.parse(expiresAt) - clock.ms) / 1000;
      expect(seconds).toBeGreaterThanOrEqual(3600);
      expect(seconds).toBeLessThanOrEqual(3900);
      expect(links.open(tokenOf(url))).toMatchObject({ tenantId: "acme", uploadId, secondsLeft: Math.floor(seconds) });
    }
  });

  test("are the same for some minutes, so that caches find what they have", () => {
    const { clock, links } = createLinks();
    const first = links.make("acme", uploadId, "menu.pdf");
    clock.ms = Date.parse("2026-11-22T09:04:59.999Z");
    expect(links.make("acme", uploadId, "menu.pdf")).toEqual(first);
    clock.ms = Date.parse("2026-11-22T09:05:00.000Z");
    expect(links.make("acme", uploadId, "menu.pdf")).not.toEqual(first);
  });

  test("end", () => {
    const { clock, links } = createLinks();
    const { url, expiresAt } = links.make("acme", uploadId, "menu.pdf");
    clock.ms = Date.parse(expiresAt) - 1000;
    expect(links.open(tokenOf(url))?.secondsLeft).toBe(1);
    clock.ms = Date.parse(expiresAt);
    expect(links.open(tokenOf(url))?.secondsLeft).toBe(0);
    clock.ms = Date.parse(expiresAt) + 86_400_000;
    expect(links.open(tokenOf(url))?.secondsLeft).toBe(0);
  });

  test("open only as they were signed: not with any character changed, cut, or added", () => {
    const { links } = createLinks();
    const token = tokenOf(links.make("acme", uploadId, "x").url);
    for (let at = 0; at < token.length; at++) {
      for (const other of ["A", "b", "-", "_", "9"]) {
        if (token[at] === other) continue;
        expect(links.open(token.slice(0, at) + other + token.slice(at + 1)), `character ${at}`).toBeUndefined();
      }
    }
    for (const other of ["", "x", token.slice(1), token.slice(0, -1), `${token}A`, `${token}=`, token.repeat(20)]) {
      expect(links.open(other)).toBeUndefined();
    }
  });

  test("B09 a text that was signed for something else, or with another key, is none", () => {
    const { links } = createLinks();
    const fields = [uploadId, Date.now()];
    expect(links.open(signer.sign("acme", "read", fields))).toBeDefined();
    expect(links.open(signer.sign("acme", "put", fields))).toBeUndefined();
    expect(links.open(createSigner().sign("acme", "read", fields))).toBeUndefined();
    expect(links.open(signer.sign("acme", "read", [1, 2, 3]))).toBeUndefined();
    expect(links.open(signer.sign("acme", "read", []))).toBeUndefined();
    for (const body of ["", "{}", "[]", "[1]", "[null,1,2]", '["acme"', '["acme"]']) {
      expect(links.open(Buffer.concat([Buffer.alloc(16), Buffer.from(body)]).toString("base64url"))).toBeUndefined();
    }
  });

  test("E07 any name goes into the path, and its end where it is long", () => {
    const { links } = createLinks();
    for (const name of ["../../etc/passwd", "a b?c#d%e", "បញ្ជី.pdf", "x\r\ny", "\ud800", `${"é".repeat(300)}.pdf`]) {
      const { url } = links.make("acme", uploadId, name);
      expect(url).toMatch(/^https:\/\/chat\.example\/files\/[\w-]+\/[\w.~!*'()%-]+$/);
      expect(decodeURIComponent(new URL(url).pathname.split("/")[3] ?? "").length).toBeLessThanOrEqual(64);
    }
  });
});
