import type { Logger } from "pino";
import type { TenantRecord, TenantRegistries, TenantRegistry } from "../database/tenant-registry.ts";

/**
 * The database as it is, and nothing of it is written: a line tells what would be. What has been told of a tenant is read
 * back as if it were there, so that the steps after it are told as well.
 */
export const createDryRunRegistries = (registries: TenantRegistries, logger: Logger): TenantRegistries => {
  const imagined = new Map<string, TenantRecord>();
  return {
    open: async (tenantId, isolation, fence) =>
      createDryRunRegistry(await registries.open(tenantId, isolation, fence), imagined, logger),
    drop: (tenantId) => {
      logger.info({ verb: "drop", object: `database of tenant ${tenantId}` }, "would change");
      return Promise.resolve();
    },
    highestFence: registries.highestFence,
    ping: () => registries.ping(),
    // Whoever made the real one closes it.
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
};

const createDryRunRegistry = (
  registry: TenantRegistry,
  imagined: Map<string, TenantRecord>,
  logger: Logger,
): TenantRegistry => {
  const find = async (tenantId: string): Promise<TenantRecord | undefined> =>
    imagined.get(tenantId) ?? (await registry.find(tenantId));
  const change = async (
    tenantId: string,
    verb: string,
    toNext: (record: TenantRecord) => TenantRecord,
    details: object = {},
  ): Promise<void> => {
    const record = (await find(tenantId)) ?? toNewRecord(tenantId, tenantId);
    const next = toNext(record);
    if (JSON.stringify(next) === JSON.stringify(record)) return;
    imagined.set(tenantId, next);
    logger.info({ verb, object: `tenant ${tenantId}`, ...details }, "would change");
  };
  const add = (tenantId: string, kind: "apiKeys" | "webhookSecrets" | "sessionKeys", id: string): Promise<void> =>
    change(
      tenantId,
      `add to ${kind}`,
      (record) =>
        record[kind].some((one) => one.id === id)
          ? record
          : { ...record, [kind]: [{ id, createdAt: record.databaseTime }, ...record[kind]] },
      { id },
    );
  return {
    find,
    async claim({ tenantId, name, owner, adopt }) {
      const record = await find(tenantId);
      const isOurs = record?.owner?.uid === owner.uid && record.retainedAt === undefined;
      if (record && isOurs) return { claimed: true, record };
      if (
        record?.owner &&
        !isSameResource(record.owner, owner) &&
        !(adopt === true && record.retainedAt !== undefined)
      ) {
        return { claimed: false, heldBy: record.owner, retained: record.retainedAt !== undefined };
      }
      await change(tenantId, "claim", (before) => {
        const { retainedAt: _, ...kept } = record ?? before;
        return { ...kept, name, owner };
      });
      return { claimed: true, record: (await find(tenantId)) ?? toNewRecord(tenantId, name) };
    },
    addApiKey: (tenantId, { id }) => add(tenantId, "apiKeys", id),
    addWebhookSecret: (tenantId, { id }) => add(tenantId, "webhookSecrets", id),
    addSessionKey: (tenantId, id) => add(tenantId, "sessionKeys", id),
    expireOthers: (tenantId, kind, keepId, overlapSeconds) =>
      change(
        tenantId,
        `end the other ${kind}s`,
        (record) => {
          const expiresAt = new Date(Date.parse(record.databaseTime) + overlapSeconds * 1000).toISOString();
          const end = (one: TenantRecord["apiKeys"][number]) =>
            one.id === keepId || one.expiresAt !== undefined ? one : { ...one, expiresAt };
          return { ...record, [`${kind}s`]: record[`${kind}s`].map(end) };
        },
        { keepId, overlapSeconds },
      ),
    removeExpired: (tenantId) =>
      change(tenantId, "remove expired credentials", (record) => {
        const isLeft = ({ expiresAt }: { readonly expiresAt?: string }): boolean =>
          expiresAt === undefined || Date.parse(expiresAt) > Date.parse(record.databaseTime);
        const [apiKeys, webhookSecrets, sessionKeys] = [record.apiKeys, record.webhookSecrets, record.sessionKeys].map(
          (kind) => kind.filter(isLeft),
        );
        return {
          ...record,
          apiKeys: apiKeys ?? [],
          webhookSecrets: webhookSecrets ?? [],
          sessionKeys: sessionKeys ?? [],
        };
      }),
    setManagedSettings: (tenantId, managedSettings) =>
      change(tenantId, "enforce settings", (record) => ({ ...record, managedSettings }), {
        fields: Object.keys(managedSettings),
      }),
    setQuotas: (tenantId, quotas) =>
      change(tenantId, "set quotas", (record) => ({ ...record, quotas }), { fields: Object.keys(quotas) }),
    setSuspended: (tenantId, suspended) =>
      change(tenantId, suspended ? "suspend" : "resume", (record) => ({
        ...record,
        status: suspended ? "suspended" : "active",
      })),
    // Whether it is there already only a write would tell; a new one is told of with its Secret, which is never kept. The
    // password in it tells that it is this login's.
    ensureGatewayLogin: (_tenantId, { id, password }) =>
      Promise.resolve({ id, databaseUrl: `postgres://dry-run:${password}@dry-run/`, tenantKey: "" }),
    removeOtherLogins: () => Promise.resolve(),
    retain: (tenantId) => change(tenantId, "retain", (record) => ({ ...record, retainedAt: record.databaseTime })),
    delete: (tenantId) => {
      logger.info({ verb: "delete", object: `tenant ${tenantId}` }, "would change");
      return Promise.resolve();
    },
  };
};

const isSameResource = (
  one: { readonly namespace: string; readonly name: string },
  other: { readonly namespace: string; readonly name: string },
): boolean => one.namespace === other.namespace && one.name === other.name;

const toNewRecord = (tenantId: string, name: string): TenantRecord => ({
  tenantId,
  name,
  status: "active",
  apiKeys: [],
  webhookSecrets: [],
  sessionKeys: [],
  managedSettings: {},
  quotas: {},
  databaseTime: new Date().toISOString(),
});
