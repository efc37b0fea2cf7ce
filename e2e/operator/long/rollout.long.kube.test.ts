import type { V1Pod } from "@kubernetes/client-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { renderVerdict } from "../../checker/render.ts";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { describeWithKube } from "../../../scripts/testing/kube/describe-kube.ts";
import { openService } from "../service.ts";
import type { Crowd } from "../stage/crowd.ts";
import { startCrowd } from "../stage/crowd.ts";
import { watchDeletions } from "../stage/deletions.ts";
import { createTenants } from "../stage/fleet.ts";
import type { Move } from "../stage/moves.ts";
import { longestAway, mostMoving } from "../stage/moves.ts";
import { admitPeople } from "../stage/people.ts";
import type { Talk } from "../stage/talk.ts";
import { startTalk } from "../stage/talk.ts";
import { isReady, readSecret, tenantsPath, waitForTenant } from "../stage/tenants.ts";
import type { World } from "../stage/world.ts";
import { gatewayImages, startWorld } from "../stage/world.ts";

const name = "acme";
const replicas = 3;
const crowdSize = 2000;
const users = 200;
const connectsPerSecond = 60;
const windowMs = 5000;
const shareMax = 0.25;
/** How long a client may take beyond the spread. */
const backMsMax = 5000;
const rolloutMsMax = 300_000;
/** How long is waited for whoever takes longer. */
const comingMsMax = 60_000;
/** What a hint of the API takes to come to those who hear of it. */
const hearingMs = 500;

describeWithKube("§5.3 rollout: another image, with 2,000 sockets open on three gateways", () => {
  let parts: AsyncDisposableStack;
  let world: World;
  let talk: Talk;
  let crowd: Crowd;
  beforeAll(async () => {
    parts = new AsyncDisposableStack();
    world = parts.use(await startWorld({ pods: "processes" }));
    // Everything that decides how a rollout goes is as it is by default.
    parts.use(await world.startOperator({ env: { GATEWAY_MIN_READY_SECONDS: "10" } }));
    await createTenants(world, [name], { gateway: { replicas } });
    const { status } = await waitForTenant(world.kube.api, { namespace: world.namespace, name }, isReady, 60_000);
    const secret = await readSecret(world.kube.api, world.namespace, `${name}-chat-credentials`);
    const apiKey = secret?.["apiKey"] ?? "";
    const ref = { namespace: world.namespace, name: `${name}-gateway`, portName: "http" };
    const { origin } = parts.use(await openService(world.kube.api, ref));
    const tokens = await admitPeople({ origin, apiKey, users, usersPerRoom: 10 });
    const devices = Array.from({ length: crowdSize }, (_, n) => tokens[n % users] ?? "");
    crowd = parts.use(await startCrowd({ origin, tokens: devices, connectsPerSecond }));
    const databaseUrl = world.database.adminUrl;
    talk = parts.use(await startTalk({ tenant: status?.tenantId ?? "", origin, apiKey, databaseUrl }));
    await talk.recover();
  }, 300_000);
  afterAll(() => parts.disposeAsync(), 60_000);

  const listPods = async (): Promise<readonly V1Pod[]> =>
    (await world.kube.api.get<{ items: V1Pod[] }>(`/api/v1/namespaces/${world.namespace}/pods`)).items;
  const isRolledOut = async (): Promise<boolean> => {
    const pods = await listPods();
    const areNew = pods.every(({ spec }) => spec?.containers[0]?.image === gatewayImages[1]);
    return areNew && pods.length === replicas;
  };

  test(
    "no send fails, every client is back within the spread and 5 s, and never more than a quarter of them move in 5 s",
    async () => {
      expect(crowd.moves).toEqual([]);
      const before = (await listPods()).map(({ metadata }) => metadata?.name ?? "");
      expect(before).toHaveLength(replicas);
      await using deletions = await watchDeletions(world.kube.api, world.namespace);
      const startedAt = performance.now();
      const tenant = await world.kube.api.patch<{ spec: { gateway: { drain: Drain } } }>(
        tenantsPath(world.namespace, name),
        { spec: { gateway: { image: gatewayImages[1] } } },
      );
      expect(await waitUntil(isRolledOut, { limitMs: rolloutMsMax, everyMs: 250 })).toBe(true);
      const rolloutMs = performance.now() - startedAt;
      expect(await waitUntil(() => crowd.connected() === crowd.size, { limitMs: comingMsMax })).toBe(true);
      const { verdict, failed } = await talk.finish();
      const most = mostMoving(crowd.moves, windowMs);
      console.log(
        renderVerdict(verdict),
        `rolled out in ${seconds(rolloutMs)}; ${crowd.moves.length} moves of ${crowd.size} sockets,`,
        `at most ${most} (${((100 * most) / crowd.size).toFixed(1)} %) in 5 s,`,
        `the slowest away for ${seconds(longestAway(crowd.moves))};`,
        [...talk.load.tally].map(([label, count]) => `${label}: ${count}`).join(", "),
      );

      expect.soft(failed).toEqual([]);
      expect.soft(verdict.violations.length, renderVerdict(verdict)).toBe(0);
      expect(verdict.figures.acknowledged).toBeGreaterThan(300);

      expect(crowd.refusals).toEqual([]);
      expect(new Set(crowd.moves.map(({ socket }) => socket)).size).toBe(crowd.size);
      expect(before.filter((pod) => !deletions.toldAt.has(pod))).toEqual([]);
      const { endpointLagSeconds, spreadSeconds } = tenant.spec.gateway.drain;
      const drains = [...deletions.toldAt.values()].map((toldAt) => toldAt + endpointLagSeconds * 1000);
      const isInTime = ({ lostAt, backAt = Infinity }: Move): boolean =>
        drains.some((from) => lostAt >= from - hearingMs && backAt <= from + spreadSeconds * 1000 + backMsMax);
      expect.soft(crowd.moves.filter((move) => !isInTime(move))).toEqual([]);
      expect.soft(longestAway(crowd.moves)).toBeLessThan(backMsMax);
      expect.soft(most / crowd.size).toBeLessThanOrEqual(shareMax);
    },
    rolloutMsMax + 200_000,
  );
});

interface Drain {
  readonly endpointLagSeconds: number;
  readonly spreadSeconds: number;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
