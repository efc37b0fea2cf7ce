import { randomBytes } from "node:crypto";
import pg from "pg";
import { deriveTenantKey } from "../../gateway/src/auth/key-ring.ts";
import type { Config } from "../../gateway/src/config.ts";
import type { GatewayOptions } from "../../gateway/src/gateway.ts";
import { createBoundLogin, dropBoundLogins, urlOfLogin } from "../../gateway/src/store/gateway-login.ts";
import type { AnotherGateway } from "./another-gateway.ts";
import { startAnotherGateway } from "./another-gateway.ts";
import type { TestGateway } from "./gateway.ts";

/** A database login that is bound to one tenant. Disposing removes it. */
export interface TestBoundLogin extends AsyncDisposable {
  readonly tenantId: string;
  readonly databaseUrl: string;
}

export const createTestBoundLogin = async (
  { database }: Pick<TestGateway, "database">,
  tenantId: string,
): Promise<TestBoundLogin> => {
  const asAdmin = async <T>(work: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = new pg.Client({ connectionString: database.adminUrl, application_name: "sendsar-test-logins" });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };
  const id = randomBytes(4).toString("hex");
  const password = randomBytes(24).toString("base64url");
  const login = await asAdmin((client) => createBoundLogin(client, { tenantId, id, password, connectionLimit: 50 }));
  return {
    tenantId,
    databaseUrl: urlOfLogin(database.adminUrl, { login, password }),
    [Symbol.asyncDispose]: async () => void (await asAdmin((client) => dropBoundLogins(client, tenantId))),
  };
};

/** What makes a gateway the tenant's own: its key, and the login that is bound to it. */
export const toDedicatedConfig = (
  { masterKey }: Pick<TestGateway, "masterKey">,
  { tenantId, databaseUrl }: Pick<TestBoundLogin, "tenantId" | "databaseUrl">,
): Pick<Config, "keys" | "databaseUrl" | "fanout"> => ({
  keys: { kind: "tenant", tenantId, tenantKey: deriveTenantKey(masterKey, tenantId) },
  databaseUrl,
  fanout: { kind: "postgres", databaseUrl },
});

/** Starts a gateway of one tenant on the database of another gateway. Dispose it before the login and the other one. */
export const startDedicatedGateway = (
  gateway: Pick<TestGateway, "database" | "masterKey">,
  login: Pick<TestBoundLogin, "tenantId" | "databaseUrl">,
  overrides: Partial<Config> = {},
  options: Partial<Omit<GatewayOptions, "logger">> = {},
): Promise<AnotherGateway> =>
  startAnotherGateway(gateway, { ...toDedicatedConfig(gateway, login), ...overrides }, options);
