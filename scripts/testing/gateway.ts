import { randomBytes } from "node:crypto";
import type { Gateway, GatewayOptions } from "../../gateway/src/gateway.ts";
import { createGateway } from "../../gateway/src/gateway.ts";
import type { NewTenantCredentials, Provisioner } from "../../gateway/src/provisioning/provisioner.ts";
import { openProvisioner } from "../../gateway/src/provisioning/provisioner.ts";
import { createLogger } from "../../gateway/src/telemetry/logger.ts";
import type { TestDatabase } from "./database.ts";
import { createTestDatabase } from "./database.ts";
import type { TestClient } from "./client.ts";
import { createTestClient } from "./client.ts";

/** A real gateway on a real database, in this process, with two tenants. Every answer is checked by the contract. */
export interface TestGateway extends AsyncDisposable {
  /** Origin, without `/v1`. */
  readonly url: string;
  readonly database: TestDatabase;
  readonly provisioner: Provisioner;
  readonly gateway: Gateway;
  /** Master key of this gateway, in base64. */
  readonly masterKey: string;
  readonly a: TestTenant;
  readonly b: TestTenant;
  /** Starts another gateway on the same database; it ends with this one, unless it is ended before. */
  startPeer(): Promise<TestPeer>;
  /** Everything that the gateway logged, one JSON object per line. */
  readonly log: readonly string[];
}

/** Another gateway of the same database. */
export interface TestPeer extends AsyncDisposable {
  readonly url: string;
  readonly gateway: Gateway;
  readonly log: readonly string[];
}

/** A tenant and a client that calls with its API key. */
export interface TestTenant extends NewTenantCredentials {
  readonly api: TestClient;
}

/** Starts it on a database of its own; tenants are `a` and `b`. */
export const startTestGateway = async (
  options: Partial<Omit<GatewayOptions, "logger">> & { readonly database?: TestDatabase } = {},
): Promise<TestGateway> => {
  const stack = new AsyncDisposableStack();
  try {
    const { database = stack.use(await createTestDatabase()), ...gatewayOptions } = options;
    const masterKey = randomBytes(32).toString("base64");
    const provisioner = stack.use(await openProvisioner({ databaseUrl: database.adminUrl, masterKey }));
    const credentials = [
      await provisioner.createTenant({ tenantId: "a" }),
      await provisioner.createTenant({ tenantId: "b" }),
    ];
    const startOne = async (): Promise<TestPeer> => {
      const log: string[] = [];
      const gateway = await createGateway(
        {
          port: 0,
          host: "127.0.0.1",
          databaseUrl: database.gatewayUrl,
          fanout: { kind: "postgres", databaseUrl: database.gatewayUrl },
          databasePoolMax: 4,
          masterKey,
          socketTransports: ["websocket", "polling"],
          logLevel: "debug",
          shutdownGraceMs: 2000,
        },
        {
          logger: createLogger("debug", { write: (line: string) => void log.push(line) }),
          checkResponses: true,
          ...gatewayOptions,
        },
      );
      return {
        url: `http://127.0.0.1:${gateway.port}`,
        gateway,
        log,
        [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
      };
    };
    const { gateway, log, url } = stack.use(await startOne());
    const [a, b] = credentials.map((tenant) => ({
      ...tenant,
      api: createTestClient(url, { "x-api-key": tenant.apiKey }),
    })) as [TestTenant, TestTenant];
    const disposable = stack.move();
    return {
      url,
      database,
      provisioner,
      gateway,
      masterKey,
      a,
      b,
      log,
      startPeer: async () => disposable.use(await startOne()),
      [Symbol.asyncDispose]: () => disposable.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
};
