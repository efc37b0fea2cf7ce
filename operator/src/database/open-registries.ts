import { createKeyRing, deriveTenantKey } from "@sendsar/gateway/auth/key-ring";
import { dropUnboundDatabase } from "@sendsar/gateway/provisioning/managed-tenant";
import { openAdmin } from "@sendsar/gateway/store/admin";
import { openDb } from "@sendsar/gateway/store/db";
import { readFence } from "@sendsar/gateway/store/guarded-db";
import { findMissingMigration } from "@sendsar/gateway/store/applied-migration";
import { createRegistry } from "./create-registry.ts";
import { openOwnDatabases } from "./own-databases.ts";
import { withRegistryErrors } from "./registry-errors.ts";
import { createTenantPlaces } from "./tenant-places.ts";
import type { TenantRegistries } from "./tenant-registry.ts";
import { DatabaseUnavailable } from "./tenant-registry.ts";

export interface RegistriesOptions {
  /** Of the login that migrates: it owns the schema, may create roles and, for databases of their own, databases. */
  readonly adminDatabaseUrl: string;
  /** 32 bytes in base64, as the gateways of all tenants have it. */
  readonly masterKey: string;
  /** `host` or `host:port` where pods reach the database, when it is not that of `adminDatabaseUrl`. */
  readonly gatewayDatabaseHost?: string;
  /**
   * Visits at a time: none waits for another's connection. There are so many to the shared database for rows of tenants, and as
   * many for logins and for holding the guard of work that is elsewhere. Default 8.
   */
  readonly visitsMax?: number;
  /** Told of connections that broke while idle; the pools replace them by themselves. */
  readonly onConnectionError: (error: Error) => void;
}

/** Databases of single tenants that stay open unused. */
const ownIdleMax = 8;

/**
 * Opens the database side of Tenants. Connects with the first call. Statements, and waits for locks and connections, are
 * bounded in time, so every call ends within seconds; making and dropping a database within a minute.
 */
export const openRegistries = (options: RegistriesOptions): TenantRegistries => {
  const { adminDatabaseUrl: databaseUrl, masterKey, gatewayDatabaseHost, visitsMax = 8, onConnectionError } = options;
  const shared = openDb({ databaseUrl, poolMax: visitsMax, role: "sendsar_provisioner", onConnectionError });
  const admin = openAdmin({ databaseUrl, poolMax: visitsMax, onConnectionError });
  const own = openOwnDatabases({ admin, idleMax: ownIdleMax, onConnectionError });
  const places = createTenantPlaces(shared, admin, own);
  const deps = {
    places,
    keys: createKeyRing({ kind: "master", masterKey }),
    tenantKeyOf: (tenantId: string) => deriveTenantKey(masterKey, tenantId),
    toGatewayUrl: (url: string) => withHost(url, gatewayDatabaseHost),
  };

  return {
    open: async (_tenantId, isolation, { fence }) => createRegistry(deps, isolation, { fence }),
    drop: (tenantId, { fence }) =>
      withRegistryErrors(`drop the database of tenant ${tenantId}`, async () => {
        const databaseName = await places.nameOwn(tenantId);
        await places.close(databaseName);
        await dropUnboundDatabase({ admin, db: shared }, { tenantId, databaseName }, { fence });
      }),
    highestFence: () => withRegistryErrors("read the fence", () => readFence(shared)),
    ping: () =>
      withRegistryErrors("use the database", async () => {
        const missing = await findMissingMigration(shared);
        if (missing !== undefined) throw new DatabaseUnavailable(`unable to use the database; ${missing}`);
      }),
    async [Symbol.asyncDispose]() {
      await Promise.all([shared, admin, own].map((part) => part[Symbol.asyncDispose]()));
    },
  };
};

const withHost = (databaseUrl: string, host: string | undefined): string => {
  if (host === undefined) return databaseUrl;
  const url = new URL(databaseUrl);
  // Not a special scheme: setting `host` with a port sets both.
  url.port = "";
  url.host = host;
  return url.href;
};
