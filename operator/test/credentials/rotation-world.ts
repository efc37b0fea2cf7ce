import type { StoredCredential, TenantRecord, TenantRegistry } from "../../src/database/tenant-registry.ts";
import { toCredentialId } from "../../src/reconcile/rotation/credential-id.ts";
import { heldKinds } from "../../src/reconcile/rotation/held-kinds.ts";
import type { RotationCause } from "../../src/reconcile/rotation/next-step.ts";
import { retiringMax } from "../../src/reconcile/rotation/next-step.ts";
import type { HeldContents, HeldPlan } from "../../src/reconcile/rotation/rotate-held.ts";
import { rotateHeld } from "../../src/reconcile/rotation/rotate-held.ts";

/** What becomes of one read or write of a visit: done; never arrived; done, but the answer was lost. */
export type Fault = "none" | "refused" | "answer-lost";

/** The visit ends here, as if the process had. */
export class Crash extends Error {
  override readonly name = "Crash";
}

/**
 * A Secret, a database with its own clock and the status of a Tenant, as plain values; the steps that run against them are
 * the real ones. Checks at each write what must hold at every moment.
 */
export const createWorld = (policy: { rotateEverySeconds?: number; overlapSeconds: number }) => {
  let now = Date.parse("2030-01-01T00:00:00Z");
  let contents: HeldContents = { apiKey: {}, webhookSecret: {} };
  let rows: (StoredCredential & { readonly expiresAt?: string })[] = [];
  let rotationToken = "";
  let observedRotationToken: string | undefined;
  /** The value of the Secret is one that the operator put there, and nobody but the operator touched it or its row since. */
  let trusted = false;
  let writes = 0;
  const causes: RotationCause[] = [];

  const at = (ms: number): string => new Date(ms).toISOString();
  const isLive = ({ expiresAt }: StoredCredential): boolean => expiresAt === undefined || Date.parse(expiresAt) > now;
  const accepts = (plain: string): boolean =>
    rows.some((row) => row.id === toCredentialId("apiKey", plain) && isLive(row));
  const check = (): void => {
    const { value } = contents.apiKey;
    if (trusted && (value === undefined || !accepts(value)))
      throw new Error("broken: readers of the Secret are refused");
    const ending = rows.filter((row) => row.expiresAt !== undefined && isLive(row));
    if (ending.length > retiringMax + 1) throw new Error("broken: too many old keys work");
  };

  const registry = {
    addApiKey: async (_tenantId: string, { id, apiKey }: { id: string; apiKey: string }) => {
      if (contents.apiKey.pending !== apiKey)
        throw new Error("broken: a key is in force that the Secret does not have");
      if (rows.some((row) => row.id === id)) return;
      rows = [{ id, createdAt: at(now) }, ...rows];
    },
    expireOthers: async (_tenantId: string, _kind: string, keepId: string, overlapSeconds: number) => {
      const end = now + overlapSeconds * 1000;
      rows = rows.map((row) =>
        row.id === keepId ? row : { ...row, expiresAt: at(Math.min(end, Date.parse(row.expiresAt ?? at(end)))) },
      );
    },
    removeExpired: async () => {
      rows = rows.filter(isLive);
    },
  } as unknown as TenantRegistry;

  const record = (): TenantRecord => ({
    tenantId: "acme",
    name: "Acme",
    status: "active",
    apiKeys: rows,
    webhookSecrets: [],
    sessionKeys: [],
    managedSettings: {},
    quotas: {},
    databaseTime: at(now),
  });

  return {
    causes,
    /** One visit; each of its reads and writes meets the next fault. Answers whether it came to its end. */
    async visit(faults: readonly Fault[] = []) {
      const left = [...faults];
      const meet = async <T>(work: () => Promise<T>): Promise<T> => {
        const fault = left.shift() ?? "none";
        if (fault === "refused") throw new Crash();
        const result = await work();
        check();
        if (fault === "answer-lost") throw new Crash();
        return result;
      };
      const plan: HeldPlan = { kind: "apiKey", policy, rotationToken, observedRotationToken };
      const before = writes;
      try {
        const [outcome] = await rotateHeld(
          {
            tenantId: "acme",
            observe: () => meet(async () => ({ record: record(), contents })),
            write: (next) =>
              meet(async () => {
                writes++;
                if (next.apiKey.value !== contents.apiKey.value) trusted = true;
                contents = next;
              }),
            change: (write) =>
              meet(async () => {
                writes++;
                await write(registry);
              }),
            begun: (_kind, cause) => void causes.push(cause),
          },
          [plan],
        );
        observedRotationToken = contents.apiKey.rotationToken ?? observedRotationToken ?? rotationToken;
        return { step: outcome?.step, writes: writes - before };
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
        return { step: undefined, writes: writes - before };
      }
    },
    pass(seconds: number) {
      now += seconds * 1000;
    },
    setToken(token: string) {
      rotationToken = token;
    },
    deleteSecret() {
      contents = { apiKey: {}, webhookSecret: {} };
      trusted = false;
    },
    alter(part: "value" | "statedId" | "pending", text: string) {
      contents = { ...contents, apiKey: { ...contents.apiKey, [part]: text } };
      if (part === "value") trusted = false;
    },
    loseRow(index: number) {
      const lost = rows[index % Math.max(rows.length, 1)];
      rows = rows.filter((row) => row !== lost);
      trusted = false;
    },
    /** `tenants rotate-key`: a key that nobody wrote into the Secret. */
    rotateByHand(overlapSeconds: number) {
      const end = now + overlapSeconds * 1000;
      rows = rows.map((row) => ({ ...row, expiresAt: at(Math.min(end, Date.parse(row.expiresAt ?? at(end)))) }));
      rows = [{ id: toCredentialId("apiKey", heldKinds.apiKey.create()), createdAt: at(now) }, ...rows];
      trusted = false;
    },
    accepts,
    get value() {
      return contents.apiKey.value;
    },
    get pending() {
      return contents.apiKey.pending;
    },
    get inForce() {
      return rows.filter(({ expiresAt }) => expiresAt === undefined).map(({ id }) => id);
    },
    get retiring() {
      return rows.filter((row) => row.expiresAt !== undefined && isLive(row));
    },
  };
};
