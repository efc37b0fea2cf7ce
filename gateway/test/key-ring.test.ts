import { createHmac, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createKeyRing, deriveTenantKey } from "../src/auth/key-ring.ts";
import { createSeal, secretBelongsTo } from "../src/auth/seal.ts";
import { createCursors } from "../src/chat/cursor.ts";
import { createLinkSigner } from "../src/files/link-signer.ts";

const masterKey = randomBytes(32).toString("base64");
const all = createKeyRing({ kind: "master", masterKey });
const onlyOf = (tenantId: string) =>
  createKeyRing({ kind: "tenant", tenantId, tenantKey: deriveTenantKey(masterKey, tenantId) });
const rowOf = (tenantId: string) => secretBelongsTo(tenantId, "session_key", "1");

describe("the key of a tenant", () => {
  test("is HKDF-SHA256 of the master key and the tenant's id (RFC 5869)", () => {
    const hmac = (key: Buffer, ...parts: readonly (string | Buffer)[]) =>
      parts.reduce((mac, part) => mac.update(part), createHmac("sha256", key)).digest();
    const extracted = hmac(Buffer.alloc(32), Buffer.from(masterKey, "base64"));
    const expected = hmac(extracted, "sendsar tenant acme", Buffer.from([1]));
    expect(deriveTenantKey(masterKey, "acme")).toBe(expected.toString("base64"));
    expect(deriveTenantKey(masterKey, "acm")).not.toBe(deriveTenantKey(masterKey, "acme"));
  });

  test("is 32 bytes, or it is none", () => {
    for (const given of ["", "x", randomBytes(31).toString("base64")]) {
      expect(() => createKeyRing({ kind: "master", masterKey: given })).toThrow(/must be 32 bytes in base64/);
      expect(() => createKeyRing({ kind: "tenant", tenantId: "a", tenantKey: given })).toThrow(/must be 32 bytes/);
    }
  });
});

describe("K10 sealing", () => {
  const plain = Buffer.from("the secret");

  test("K10 seals with the tenant's key, whoever seals; both who have the master key and the tenant's gateway open it", () => {
    for (const [by, others] of [
      [all, [all, onlyOf("a")]],
      [onlyOf("a"), [all, onlyOf("a")]],
    ] as const) {
      const sealed = by.seal(plain, rowOf("a"));
      expect(sealed.masterKeyId).toBe(createSeal(Buffer.from(deriveTenantKey(masterKey, "a"), "base64")).id);
      for (const ring of others) {
        expect(ring.open(sealed, rowOf("a"))).toEqual(plain);
        expect(ring.isOwn(sealed.masterKeyId, "a")).toBe(true);
      }
    }
  });

  test("K10 what the master key sealed before tenants had keys is opened by who has it, and by nobody else", () => {
    const master = createSeal(Buffer.from(masterKey, "base64"));
    const old = { sealed: master.seal(plain, rowOf("a").row), masterKeyId: master.id };
    expect(all.open(old, rowOf("a"))).toEqual(plain);
    expect([all.canOpen(old.masterKeyId, "a"), all.isOwn(old.masterKeyId, "a")]).toEqual([true, false]);
    expect(() => onlyOf("a").open(old, rowOf("a"))).toThrow(/sealed with a key that this process has not/);
    expect(onlyOf("a").canOpen(old.masterKeyId, "a")).toBe(false);
  });

  test("K10 a gateway of one tenant neither seals nor opens for another, whatever it is told", () => {
    const ofB = all.seal(plain, rowOf("b"));
    const a = onlyOf("a");
    expect(() => a.seal(plain, rowOf("b"))).toThrow(/serves another one only/);
    expect(() => a.open(ofB, rowOf("b"))).toThrow(/serves another one only/);
    expect(() => a.open(ofB, rowOf("a"))).toThrow(/sealed with a key that this process has not/);
    const claimed = { ...ofB, masterKeyId: a.seal(plain, rowOf("a")).masterKeyId };
    expect(() => a.open(claimed, rowOf("a"))).toThrow(/unable to authenticate/);
    expect(() => a.open(claimed, { tenantId: "a", row: rowOf("b").row })).toThrow(/unable to authenticate/);
    expect(a.derive("b", "cursors")).toBeUndefined();
  });
});

describe("what else is derived", () => {
  test("A21 a cursor moves with its tenant between gateways, and not to another tenant", () => {
    const scope = { tenantId: "a", list: "users" };
    for (const [maker, reader] of [
      [all, onlyOf("a")],
      [onlyOf("a"), all],
    ] as const) {
      const cursor = createCursors(maker).encode(scope, ["x", 1]);
      expect(createCursors(reader).decode(scope, cursor)).toEqual(["x", 1]);
      expect(() => createCursors(all).decode({ ...scope, tenantId: "b" }, cursor)).toThrow(/cursor/i);
    }
  });

  test("K10 a gateway of one tenant signs no link of another, and knows none", () => {
    const [signer, ofA] = [createLinkSigner(all), createLinkSigner(onlyOf("a"))];
    expect(ofA.open("read", signer.sign("a", "read", ["x"]))).toEqual({ tenantId: "a", fields: ["x"] });
    expect(ofA.open("read", signer.sign("b", "read", ["x"]))).toBeUndefined();
    expect(() => ofA.sign("b", "read", ["x"])).toThrow(/not served here/);
    const token = Buffer.from(ofA.sign("a", "read", ["x"]), "base64url");
    const renamed = Buffer.concat([token.subarray(0, 16), Buffer.from('["b","x"]')]).toString("base64url");
    expect(signer.open("read", renamed)).toBeUndefined();
  });

  test("J16 the name of the channel: one for all gateways of all tenants, one for those of each tenant (E16)", () => {
    const names = [all, onlyOf("a"), onlyOf("b")].map((ring) => ring.deriveName("notification channel"));
    expect(new Set(names).size).toBe(3);
    expect(createKeyRing({ kind: "master", masterKey }).deriveName("notification channel")).toBe(names[0]);
    expect(onlyOf("a").deriveName("notification channel")).toBe(names[1]);
    for (const name of names) expect(name).toMatch(/^[0-9a-f]{32}$/);
  });
});
