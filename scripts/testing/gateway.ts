import { randomBytes } from "node:crypto";
import type { Gateway, GatewayOptions } from "../../gateway/src/gateway.ts";
import { createGateway } from "../../gateway/src/gateway.ts";
import type { Config } from "../../gateway/src/config.ts";
import type { NewTenantCredentials, Provisioner } from "../../gateway/src/provisioning/provisioner.ts";
import { openProvisioner } from "../../gateway/src/provisioning/provisioner.ts";
import { createLogger } from "../../gateway/src/telemetry/logger.ts";
import type { TestDatabase } from "./database.ts";
import { createTestDatabase } from "./database.ts";
import type { TestClient } from "./client.ts";
import { createTestClient } from "./client.ts";
import { createTestConfig } from "./gateway-config.ts";
import { createTestFiles } from "./test-files.ts";

/** A real gateway on a real database, in this process, with two tenants. Every answer is checked by the contract. */
export interface TestGateway extends AsyncDisposable {
  /** Origin, without `/v1`. */
  readonly url: string;
  readonly database: TestDatabase;
  readonly provisioner: Provisioner;
  readonly gateway: Gateway;
  /** Master key of this gateway, in base64. */
  readonly masterKey: string;
  /** The folder in which files are kept, unless the test chose otherwise; peers have the same. */
  readonly filesDir: string;
  readonly a: TestTenant;
  readonly b: TestTenant;
  /** Starts another gateway on the same database; it ends with this one, unless it is ended before. */
  startPeer(config?: Partial<Config>): Promise<TestPeer>;
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

export interface TestGatewayOptions extends Partial<Omit<GatewayOptions, "logger">> {
  /** Where a test has one already. */
  readonly database?: TestDatabase;
  /** What is to be other than in most tests, here and on peers. */
  readonly config?: Partial<Config>;
}

/** Starts it on a database of its own; tenants are `a` and `b`. Nothing is limited in rate, unless `config` says so. */
export const startTestGateway = async (options: TestGatewayOptions = {}): Promise<TestGateway> => {
  const stack = new AsyncDisposableStack();
  try {
    const { database = stack.use(await createTestDatabase()), config = {}, ...gatewayOptions } = options;
    const masterKey = randomBytes(32).toString("base64");
    const provisioner = stack.use(await openProvisioner({ databaseUrl: database.adminUrl, masterKey }));
    const credentials = [
      await provisioner.createTenant({ tenantId: "a" }),
      await provisioner.createTenant({ tenantId: "b" }),
    ];
    const files = stack.use(await createTestFiles());
    const startOne = async (more: Partial<Config> = {}): Promise<TestPeer> => {
      const log: string[] = [];
      const gateway = await createGateway(
        createTestConfig({ databaseUrl: database.gatewayUrl, masterKey, ...files.config, ...config, ...more }),
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
      filesDir: files.dir,
      a,
      b,
      log,
      startPeer: async (more = {}) => disposable.use(await startOne({ port: 0, ...more })),
      [Symbol.asyncDispose]: () => disposable.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
};
