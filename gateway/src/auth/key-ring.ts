import { createHmac, hkdfSync } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Seal, SealedRow } from "./seal.ts";
import { createSeal } from "./seal.ts";

/** What a process has been given: the key of the deployment, from which that of every tenant follows, or that of one. */
export type Keys =
  | { readonly kind: "master"; readonly masterKey: string }
  | { readonly kind: "tenant"; readonly tenantId: string; readonly tenantKey: string };

/** A secret as it lies in the database, and which key sealed it. */
export interface Sealed {
  readonly sealed: Buffer;
  readonly masterKeyId: string;
}

/**
 * The keys of the tenants that a process may work for. Everything of a tenant is sealed with the tenant's key, and what it
 * belongs to says which one that is: nobody can choose another. From a tenant's key nothing follows about the master key or
 * about another tenant's.
 */
export interface KeyRing {
  /** Throws for a tenant that this process does not serve. */
  seal(plain: Buffer, belongsTo: SealedRow): Sealed;
  /**
   * Opens what the tenant's key sealed; and who has the master key also opens what that one did, before tenants had keys.
   * Throws when it was sealed with another key or for something else, or was changed.
   */
  open(sealed: Sealed, belongsTo: SealedRow): Buffer;
  /** True if the key that sealed a secret of the tenant is on this ring. */
  canOpen(masterKeyId: string, tenantId: string): boolean;
  /** True if a secret of the tenant was sealed with the tenant's key. */
  isOwn(masterKeyId: string, tenantId: string): boolean;
  /** A key of 32 bytes for something else of a tenant; undefined for one that this process does not serve. */
  derive(tenantId: string, purpose: string): Buffer | undefined;
  /** A name that only those who have these keys can tell: gateways of one tenant share it, and those of all another one. */
  deriveName(purpose: string): string;
}

/** Of one tenant's key; making it anew costs some 20 µs. */
const keptMax = 10_000;

/** Puts the keys on a ring. Throws for what is no key. */
export const createKeyRing = (keys: Keys): KeyRing => {
  const given = keys.kind === "master" ? keys.masterKey : keys.tenantKey;
  const root = toKey(given);
  const rootSeal = createSeal(root);
  const kept = new LRUCache<string, { readonly key: Buffer; readonly seal: Seal }>({ max: keptMax });

  const find = (tenantId: string): { readonly key: Buffer; readonly seal: Seal } | undefined => {
    if (keys.kind === "tenant") return tenantId === keys.tenantId ? { key: root, seal: rootSeal } : undefined;
    const known = kept.get(tenantId);
    if (known) return known;
    const key = toKey(deriveTenantKey(keys.masterKey, tenantId));
    const made = { key, seal: createSeal(key) };
    kept.set(tenantId, made);
    return made;
  };

  const requireSeal = (tenantId: string): Seal => {
    const found = find(tenantId);
    if (!found) throw new Error(`unable to use the key of tenant ${tenantId}; this process serves another one only`);
    return found.seal;
  };

  /** The key of the tenant; or the master key, which sealed before tenants had keys. */
  const findSealer = (masterKeyId: string, tenantId: string): Seal | undefined =>
    [requireSeal(tenantId), ...(keys.kind === "master" ? [rootSeal] : [])].find(({ id }) => id === masterKeyId);

  return {
    seal(plain, { tenantId, row }) {
      const seal = requireSeal(tenantId);
      return { sealed: seal.seal(plain, row), masterKeyId: seal.id };
    },
    open({ sealed, masterKeyId }, { tenantId, row }) {
      const sealer = findSealer(masterKeyId, tenantId);
      if (!sealer) throw new Error("unable to open a secret; it was sealed with a key that this process has not");
      return sealer.open(sealed, row);
    },
    canOpen: (masterKeyId, tenantId) => findSealer(masterKeyId, tenantId) !== undefined,
    isOwn: (masterKeyId, tenantId) => masterKeyId === find(tenantId)?.seal.id,
    derive(tenantId, purpose) {
      const found = find(tenantId);
      return found && createHmac("sha256", found.key).update(purpose).digest();
    },
    deriveName: (purpose) => createHmac("sha256", given).update(purpose).digest("hex").slice(0, 32),
  };
};

/**
 * The key of one tenant, in base64: HKDF-SHA256 (RFC 5869) of the master key, 32 bytes in base64, and the tenant's id. What a
 * dedicated gateway is given in place of the master key.
 */
export const deriveTenantKey = (masterKey: string, tenantId: string): string =>
  Buffer.from(hkdfSync("sha256", toKey(masterKey), "", `sendsar tenant ${tenantId}`, keyBytes)).toString("base64");

const keyBytes = 32;

const toKey = (base64: string): Buffer => {
  const key = Buffer.from(base64, "base64");
  if (key.length !== keyBytes) throw new Error("unable to use a key; it must be 32 bytes in base64");
  return key;
};
