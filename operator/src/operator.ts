import { hostname } from "node:os";
import type { Logger } from "pino";
import { v7 as newId } from "uuid";
import type { OperatorConfig } from "./config.ts";
import { openRegistries } from "./database/open-registries.ts";
import type { TenantRegistries } from "./database/tenant-registry.ts";
import { resources } from "./desired/kinds.ts";
import { createDryRunClient } from "./dry-run/dry-run-client.ts";
import { createDryRunRegistries } from "./dry-run/dry-run-registries.ts";
import type { Clock } from "./kube/clock.ts";
import { createEngineMetrics } from "./kube/create-engine-metrics.ts";
import { createEventRecorder } from "./kube/create-event-recorder.ts";
import { createKubeClient } from "./kube/create-kube-client.ts";
import type { EngineMetrics } from "./kube/engine-metrics.ts";
import type { KubeClient } from "./kube/kube-client.ts";
import type { KubeAccess } from "./kube/kube-config.ts";
import type { KubeObject, ObjectRef, Resource } from "./kube/kube-object.ts";
import { toKey } from "./kube/kube-object.ts";
import { createRateLimiter } from "./kube/rate-limiter.ts";
import { createRealClock } from "./kube/real-clock.ts";
import type { WorkQueue } from "./kube/work-queue.ts";
import { createWorkQueue } from "./kube/work-queue.ts";
import { createLeadership } from "./leadership.ts";
import type { ReconcileDeps } from "./reconcile/deps.ts";
import { createKeptOtherwise } from "./reconcile/kept-otherwise.ts";
import type { Caches } from "./reconcile/observe.ts";
import { createRolloutBudget } from "./reconcile/rollout-budget.ts";
import { createWrittenMemory } from "./reconcile/written-memory.ts";
import { renderConditionMetric } from "./telemetry/condition-metric.ts";
import { toHealthRoutes } from "./telemetry/health.ts";
import { startHttpServer } from "./telemetry/http-server.ts";
import { createMetrics, measureOperator } from "./telemetry/metrics.ts";
import type { Tracing } from "./telemetry/tracing.ts";
import { tenants } from "./tenant/tenant-resource.ts";
import type { WakeUps } from "./wake-ups.ts";
import { createWakeUps } from "./wake-ups.ts";
import type { Watches } from "./watches.ts";
import { createWatches } from "./watches.ts";
import { startWork } from "./work.ts";

export interface OperatorOptions {
  readonly access: KubeAccess;
  readonly logger: Logger;
  readonly tracing: Tracing;
  /** Another operator leads, or may: the process has to end now, without waiting for anything. */
  readonly onLost: (reason: string) => void;
  readonly clock?: Clock;
}

/**
 * A running operator. Its caches fill at once; it works when they are whole and it leads. Disposing it takes no more keys,
 * lets what runs end, gives the Lease back, and closes everything.
 */
export interface Operator extends AsyncDisposable {
  readonly healthPort: number;
  readonly metricsPort: number;
  readonly caches: Caches;
  readonly leads: boolean;
  /** Resolves when it was stopped, rejects with what it cannot work on without. */
  readonly work: Promise<void>;
}

/** Puts the operator together: the one place where its parts are made. Throws when a port is taken. */
export const createOperator = async (config: OperatorConfig, options: OperatorOptions): Promise<Operator> => {
  const { access, tracing, onLost, clock = createRealClock() } = options;
  const logger = config.dryRun ? options.logger.child({ dryRun: true }) : options.logger;
  await using parts = new AsyncDisposableStack();
  const metrics = parts.use(createMetrics());
  const engine = createEngineMetrics(metrics.meter);
  const client = parts.use(
    createKubeClient({ access, clock, metrics: engine.requests, dryRun: config.dryRun, limits: toLimits(config) }),
  );
  const database = parts.use(openDatabase(config, logger));
  const queue = createQueue(clock, engine);
  const wakeUps = createWakeUps(queue, () => rollouts.callNext());
  const watches = openWatches(config, { client, clock, engine, wakeUps, logger });
  const memory = createWrittenMemory(watches.caches.tenants);
  const deployments = watches.requireCache(resources.deployment);
  // A dry run tells all that would change, also what would have to wait.
  const rollouts = createRolloutBudget(config.dryRun ? Infinity : config.rolloutBudget, deployments);
  measureOperator(metrics.meter, { tenants: memory.cache, deployments }, config.rolloutBudget);

  const health = parts.use(
    await startHttpServer(config.healthPort, toHealthRoutes({ "the watches": () => watches.synced })),
  );
  const scraped = parts.use(
    await startHttpServer(config.metricsPort, {
      "/metrics": metrics.handle(() => renderConditionMetric(memory.cache.list())),
    }),
  );
  parts.use(startWatching(watches));
  const instance = config.podName ?? hostname();
  const written = config.dryRun ? createDryRunClient(client, logger, lookUpBy(client, watches.caches)) : client;
  const events = parts.use(
    createEventRecorder({
      client: written,
      clock,
      controller: "chat.sendsar.com/operator",
      instance,
      metrics: engine.events,
      onError: (error) => logger.warn({ error }, "event dropped"),
    }),
  );
  const leadership = parts.use(
    createLeadership({
      election: config.leaderElection,
      client,
      clock,
      identity: `${instance}_${newId()}`,
      metrics: engine.leadership,
      highestFence: database.highestFence,
      onLost: () => onLost("the Lease could not be renewed in time, or another process has it"),
      onError: (error) => logger.warn({ error }, "Lease not held, trying again"),
    }),
  );
  const deps: ReconcileDeps = {
    client: written,
    caches: { ...watches.caches, tenants: memory.cache },
    remember: memory.remember,
    registries: config.dryRun ? createDryRunRegistries(database, logger) : database,
    fence: leadership.fence,
    events,
    clock,
    newId,
    desired: config.desired,
    rollouts,
    keptOtherwise: createKeptOtherwise(),
    logger,
    tracing,
  };
  const work = parts.use(
    startWork(config, {
      deps,
      urgentClient: config.dryRun ? written : client.urgent,
      queue,
      watches,
      wakeUps,
      leadership,
      metrics: engine.controller("tenant"),
      onLost,
    }),
  );

  const owned = parts.move();
  return {
    healthPort: health.port,
    metricsPort: scraped.port,
    caches: deps.caches,
    get leads() {
      return leadership.leads;
    },
    work: work.ended,
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
};

/** Tenants are watched and never read by name, and a dry run must do with the same rights. */
const lookUpBy = (client: KubeClient, caches: Caches): KubeClient["get"] =>
  async function lookUp<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef): Promise<T | undefined> {
    const isTenant = resource.plural === tenants.plural;
    return isTenant ? (caches.tenants.get(toKey(ref)) as T | undefined) : await client.get(resource, ref);
  };

const toLimits = ({ requestsPerSecond }: OperatorConfig) => ({
  perSecond: requestsPerSecond,
  burst: 2 * requestsPerSecond,
});

const openDatabase = (config: OperatorConfig, logger: Logger): TenantRegistries =>
  openRegistries({
    adminDatabaseUrl: config.adminDatabaseUrl,
    masterKey: config.masterKey,
    ...(config.gatewayDatabaseHost !== undefined && { gatewayDatabaseHost: config.gatewayDatabaseHost }),
    visitsMax: config.maxConcurrentReconciles + 1,
    onConnectionError: (error) => logger.warn({ error }, "database connection broke"),
  });

const createQueue = (clock: Clock, engine: EngineMetrics): WorkQueue =>
  createWorkQueue({ clock, rateLimiter: createRateLimiter({ clock }), metrics: engine.queue("tenant") });

interface Watching {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly engine: EngineMetrics;
  readonly wakeUps: WakeUps;
  readonly logger: Logger;
}

const openWatches = (config: OperatorConfig, { client, clock, engine, wakeUps, logger }: Watching): Watches => {
  const watches: Watches = createWatches({
    client,
    clock,
    metrics: engine,
    namespaces: config.watchNamespaces,
    watchSecrets: config.watchSecrets,
    onTenant: (change) => wakeUps.onTenant(watches.caches, change),
    onOwned: (resource, change) => wakeUps.onOwned(resource, change),
    onServed: (resource) => wakeUps.onServed(watches.caches, resource),
    onError: ({ plural }, error) => logger.warn({ watch: plural, error }, "watch failed, trying again"),
  });
  return watches;
};

const startWatching = (watches: Watches): AsyncDisposable => {
  const stop = new AbortController();
  const watched = watches.run(stop.signal);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await watched;
    },
  };
};
