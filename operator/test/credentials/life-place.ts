import { randomBytes, randomUUID } from "node:crypto";
import type { Provisioner } from "@sendsar/gateway/provisioning/provisioner";
import { openProvisioner } from "@sendsar/gateway/provisioning/provisioner";
import { afterAll, beforeAll } from "vitest";
import type { KubePlace } from "../../../scripts/testing/kube/describe-kube.ts";
import type { TestDatabase } from "../../../scripts/testing/database.ts";
import { waitUntil } from "../../../scripts/process/wait.ts";
import type { TcpSwitch } from "../../../scripts/testing/tcp-switch.ts";
import { openTcpSwitch } from "../../../scripts/testing/tcp-switch.ts";
import { openRegistries } from "../../src/database/open-registries.ts";
import type { TenantRecord, TenantRegistries } from "../../src/database/tenant-registry.ts";
import type { Secret } from "../../src/desired/kinds.ts";
import { resources } from "../../src/desired/kinds.ts";
import type { KubeClient } from "../../src/kube/kube-client.ts";
import { createKubeClient } from "../../src/kube/create-kube-client.ts";
import type { RecordedEvent } from "../../src/kube/event-recorder.ts";
import { loadKubeAccess } from "../../src/kube/kube-config.ts";
import { createRealClock } from "../../src/kube/real-clock.ts";
import type { ReconcileDeps } from "../../src/reconcile/deps.ts";
import { createKeptOtherwise } from "../../src/reconcile/kept-otherwise.ts";
import { reconcileTenant } from "../../src/reconcile/reconcile-tenant.ts";
import { createRolloutBudget } from "../../src/reconcile/rollout-budget.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { noTracing } from "../../src/telemetry/tracing.ts";
import type { Tenant } from "../../src/tenant/tenant.ts";
import { tenants } from "../../src/tenant/tenant-resource.ts";
import { startTestRegistries } from "../database/test-registries.ts";
import { readCaches } from "./read-caches.ts";

/** A Tenant's life on a real API server and a real Postgres, one visit at a time: the caches are read anew for each. */
export interface LifePlace {
  readonly namespace: string;
  readonly client: KubeClient;
  readonly database: TestDatabase;
  readonly provisioner: Provisioner;
  /** Between the operator and Postgres. */
  readonly wire: TcpSwitch;
  readonly events: RecordedEvent[];
  /** All that was logged. */
  readonly log: string[];
  /** Without gateways, unless the spec asks for some: most of what is tested here does not need to wait for them. */
  createTenant(spec?: object, metadata?: object): Promise<string>;
  /** What a reconcile of this moment works with. */
  openDeps(namespace?: string): Promise<ReconcileDeps>;
  /** One visit by `deps`, or by those of this moment. */
  visit(name: string, deps?: ReconcileDeps, within?: string): Promise<void>;
  /** Visits until `done`; a conflict, or a database that is away, is no end. */
  visitUntil(name: string, done: () => Promise<boolean>): Promise<void>;
  /** Makes one and visits it until it is Ready, with as many gateways as it asks for: a new Deployment begins with one. */
  makeReady(spec?: object): Promise<string>;
  patchSpec(name: string, spec: object): Promise<void>;
  find(name: string): Promise<Tenant | undefined>;
  get(name: string): Promise<Tenant>;
  readRecord(tenantId: string): Promise<TenantRecord | undefined>;
  readSecret(name: string): Promise<Secret | undefined>;
  /** Values of a Secret in plain text; empty when there is none. */
  readValues(name: string): Promise<Record<string, string>>;
}

/** Fills itself before the tests of a `describeKube` run. */
export const openLifePlace = (kube: KubePlace): LifePlace => {
  const place = {} as LifePlace;
  const parts = new AsyncDisposableStack();
  beforeAll(async () => {
    Object.assign(place, await open(kube, parts));
  });
  afterAll(() => parts.disposeAsync());
  return place;
};

const open = async (kube: KubePlace, parts: AsyncDisposableStack): Promise<LifePlace> => {
  const { database, masterKey } = parts.use(await startTestRegistries());
  const wire = parts.use(await openTcpSwitch([Number(new URL(database.adminUrl).port)]));
  const adminDatabaseUrl = Object.assign(new URL(database.adminUrl), { port: String(wire.port) }).href;
  const registries: TenantRegistries = parts.use(
    openRegistries({ adminDatabaseUrl, masterKey, onConnectionError: () => undefined }),
  );
  const provisioner = parts.use(await openProvisioner({ databaseUrl: database.adminUrl, masterKey }));
  const clock = createRealClock();
  const client = parts.use(
    createKubeClient({
      access: loadKubeAccess(clock, kube.adminKubeconfig),
      clock,
      limits: { perSecond: 2000, burst: 2000 },
    }),
  );
  const { namespace } = kube;
  const events: RecordedEvent[] = [];
  const log: string[] = [];
  const logger = createLogger("debug", { write: (line) => void log.push(line) });

  const keptOtherwise = createKeptOtherwise();

  const openDeps = async (within = namespace): Promise<ReconcileDeps> => {
    const caches = await readCaches(client, within);
    const deployments = caches.owned(resources.deployment);
    if (!deployments) throw new Error("Deployments are not served");
    return {
      client,
      caches,
      registries,
      // The next visit reads anew.
      remember: () => undefined,
      fence: () => ({ fence: 1 }),
      events: { record: (_about, event) => void events.push(event) },
      clock,
      newId: randomUUID,
      desired: {
        gatewayImage: "registry.example/gateway:1",
        imagePullSecrets: [],
        gatewayEnvironment: {},
        minReadySeconds: 0,
      },
      rollouts: createRolloutBudget(5, deployments),
      keptOtherwise,
      logger,
      tracing: noTracing,
    };
  };
  const find = (name: string) => client.get(tenants, { namespace, name });
  const readSecret = (name: string) => client.get(resources.secret, { namespace, name });
  const visit: LifePlace["visit"] = async (name, deps, within = namespace) => {
    await reconcileTenant(deps ?? (await openDeps()), `${within}/${name}`, new AbortController().signal);
  };
  const createTenant: LifePlace["createTenant"] = async (given = {}, metadata = {}) => {
    const spec = { gateway: { replicas: 0 }, ...given };
    const name = `t${randomBytes(4).toString("hex")}`;
    const { apiVersion, kind } = tenants;
    await client.create(tenants, { apiVersion, kind, metadata: { namespace, name, ...metadata }, spec } as Tenant);
    return name;
  };
  const visitUntil: LifePlace["visitUntil"] = async (name, done) => {
    let last: unknown;
    const arrived = await waitUntil(
      async () => {
        last = await visit(name).catch((error: unknown) => error);
        return await done();
      },
      { limitMs: 60_000, everyMs: 50 },
    );
    if (arrived) return;
    throw new Error(`Tenant ${name} does not come so far`, { cause: last ?? (await find(name))?.status });
  };
  return {
    namespace,
    client,
    database,
    provisioner,
    wire,
    events,
    log,
    createTenant,
    async makeReady(spec) {
      const name = await createTenant(spec);
      await visitUntil(name, async () => isReady(await find(name)));
      return name;
    },
    async patchSpec(name, spec) {
      await client.patch(tenants, { namespace, name }, { spec });
    },
    openDeps,
    visit,
    visitUntil,
    find,
    async get(name) {
      const tenant = await find(name);
      if (!tenant) throw new Error(`there is no Tenant ${name}`);
      return tenant;
    },
    readRecord: async (tenantId) => await (await registries.open(tenantId, "Shared", { fence: 1 })).find(tenantId),
    readSecret,
    async readValues(name) {
      const data = (await readSecret(name))?.data ?? {};
      return Object.fromEntries(
        Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
      );
    },
  };
};

const isReady = (tenant: Tenant | undefined): boolean =>
  conditionOf(tenant, "Ready")?.status === "True" &&
  tenant?.status?.gateway?.replicas === tenant?.spec.gateway.replicas;

export const conditionOf = (tenant: Tenant | undefined, type: string) =>
  tenant?.status?.conditions?.find((condition) => condition.type === type);
