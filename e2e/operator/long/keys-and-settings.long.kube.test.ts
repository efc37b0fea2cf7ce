import { afterAll, beforeAll, expect, test } from "vitest";
import type { V1Pod } from "@kubernetes/client-node";
import { createRest } from "../../faults/load/rest.ts";
import { Sendsar } from "../../../sdk/javascript/src/sendsar.ts";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { describeWithKube } from "../../../scripts/testing/kube/describe-kube.ts";
import type { RequestInfo } from "../../../scripts/testing/kube/request-info.ts";
import { runOn } from "../../../scripts/testing/test-server.ts";
import type { OpenService } from "../service.ts";
import { openService } from "../service.ts";
import { createTenants } from "../stage/fleet.ts";
import type { OperatorProcess } from "../stage/operator-process.ts";
import type { ShownTenant } from "../stage/tenants.ts";
import { isReady, readSecret, tenantsPath, waitForTenant } from "../stage/tenants.ts";
import type { World } from "../stage/world.ts";
import { startWorld } from "../stage/world.ts";

// Real gateways, a user who stays connected all the time, and an operator that is killed again and again.

const name = "acme";
const stepMsMax = 60_000;
const overlapMs = 15_000;
/** Gateways hear of a key's end, or look at its time, within this. */
const lateMsMax = 6000;
/** Without an election the one that comes next begins at once. */
const alone = { LEADER_ELECTION: "off" };

describeWithKube("keys and settings of a Tenant that is in use", () => {
  let parts: AsyncDisposableStack;
  let world: World;
  let operator: OperatorProcess;
  let service: OpenService;
  let tenantId = "";
  let pods: readonly string[] = [];
  /** What the user's session has gone through. */
  const states: string[] = [];
  const received: string[] = [];
  let room = "";
  beforeAll(async () => {
    parts = new AsyncDisposableStack();
    world = parts.use(await startWorld({ pods: "processes" }));
    operator = parts.use(await world.startOperator({ env: alone }));
    await createTenants(world, [name], { gateway: { replicas: 2 }, apiKey: { overlap: `${overlapMs / 1000}s` } });
    tenantId = (await waitFor(isReady)).status?.tenantId ?? "";
    service = parts.use(
      await openService(world.kube.api, { namespace: world.namespace, name: `${name}-gateway`, portName: "http" }),
    );
    pods = await readPods();
    const apiKey = await readApiKey();
    const participants = [{ id: "ann" }, { id: "bo" }];
    const made = await callWith(apiKey, "POST", "/chat/rooms", { name: "one", kind: "group", participants });
    room = made.body.id;
    const { token } = (await callWith(apiKey, "POST", "/auth/token", { userId: "ann", expiresIn: 3600 })).body;
    const chat = Sendsar.init({ apiUrl: `${service.origin}/v1` });
    parts.defer(() => chat.disconnect());
    await chat.connect({ userId: "ann", token });
    chat.on("connection", ({ state }) => void states.push(state));
    chat.on("new-message", ({ id }) => void received.push(id));
  }, 180_000);
  afterAll(() => parts.disposeAsync());

  const waitFor = (holds: (tenant: ShownTenant) => boolean): Promise<ShownTenant> =>
    waitForTenant(world.kube.api, { namespace: world.namespace, name }, holds, stepMsMax);
  const change = (spec: object): Promise<ShownTenant> =>
    world.kube.api.patch<ShownTenant>(tenantsPath(world.namespace, name), { spec });
  const readApiKey = async (): Promise<string> =>
    (await readSecret(world.kube.api, world.namespace, `${name}-chat-credentials`))?.["apiKey"] ?? "";
  /** Which pods there are, and how often each was started. */
  const readPods = async (): Promise<readonly string[]> => {
    const { items } = await world.kube.api.get<{ items: V1Pod[] }>(`/api/v1/namespaces/${world.namespace}/pods`);
    const starts = items.map(
      ({ metadata, status }) =>
        `${metadata?.uid} ${(status?.containerStatuses ?? []).map(({ restartCount }) => restartCount).join()}`,
    );
    return starts.toSorted((a, b) => a.localeCompare(b));
  };
  const callWith = async (apiKey: string, method: string, path: string, body?: object) => {
    const rest = createRest({ origin: service.origin, credentials: { "x-api-key": apiKey }, connectionsMax: 1 });
    try {
      return await rest.call(method, path, body);
    } finally {
      rest.close();
    }
  };
  const statusWith = async (apiKey: string): Promise<number> =>
    (await callWith(apiKey, "GET", "/tenant/settings")).status;
  const readKeys = () =>
    runOn<{ active: boolean; expires: Date | null }>(
      world.database.adminUrl,
      `select coalesce(expires_at > now(), true) as active, expires_at as expires
       from sendsar.api_keys where tenant_id = '${tenantId}'`,
    );
  const expectUndisturbed = async (): Promise<void> => {
    const message = { senderId: "bo", parts: [{ type: "text", text: "still there?" }] };
    const sent = await callWith(await readApiKey(), "POST", `/chat/rooms/${room}/messages`, message);
    expect(sent.status).toBe(201);
    expect(await waitUntil(() => received.includes(sent.body.id), { limitMs: 5000 })).toBe(true);
    expect(states).toEqual([]);
    expect(await readPods()).toEqual(pods);
  };

  /** The writes of a rotation, in order: what is pending, what becomes the key, what the status says of it. */
  const isStep = ({ verb, resource, subresource, name: object }: RequestInfo): boolean =>
    verb === "patch" &&
    ((resource === "secrets" && object === `${name}-chat-credentials`) ||
      (resource === "tenants" && subresource === "status"));

  test.each([0, 1, 2])(
    "§5.3 rotation: kill -9 at write %i; one key in force, one that ends in time, the session stays, no pod is restarted",
    async (step) => {
      const old = await readApiKey();
      world.proxy.reset();
      let seen = 0;
      let isReached = false;
      const match = (call: RequestInfo): boolean => {
        if (!isStep(call) || seen++ !== step) return false;
        isReached = true;
        return true;
      };
      // It never arrives: the one who sends it is gone before the answer.
      world.proxy.inject({ match, times: 1, delayMs: 5000, status: 503 });
      await change({ apiKey: { rotationToken: `at ${step}` } });
      expect(await waitUntil(() => isReached, { limitMs: stepMsMax, everyMs: 5 })).toBe(true);
      operator.signal("SIGKILL");
      await operator.ended;
      expect([await statusWith(old), await statusWith(await readApiKey())]).toEqual([200, 200]);
      operator = parts.use(await world.startOperator({ env: alone }));
      await waitFor(({ status }) => status?.apiKey?.observedRotationToken === `at ${step}`);
      const key = await readApiKey();
      expect(key).not.toBe(old);
      const keys = await readKeys();
      expect(keys.filter(({ expires }) => expires === null).length).toBe(1);
      expect(keys.filter(({ active, expires }) => active && expires !== null).length).toBe(1);
      const endsAt = Math.max(...keys.map(({ expires }) => expires?.getTime() ?? 0));
      // Until its end it works, and soon after it does not.
      let worksAt = 0;
      const isRefused = async (): Promise<boolean> => {
        const askedAt = Date.now();
        const status = await statusWith(old);
        if (status === 200) worksAt = askedAt;
        return status === 401;
      };
      expect(await waitUntil(isRefused, { limitMs: overlapMs + 2 * lateMsMax, everyMs: 200 })).toBe(true);
      expect(worksAt).toBeGreaterThan(endsAt - 2000);
      expect(Date.now()).toBeGreaterThanOrEqual(endsAt);
      expect(Date.now() - endsAt).toBeLessThan(lateMsMax);
      expect(await statusWith(key)).toBe(200);
      await waitFor(isReady);
      await expectUndisturbed();
    },
    180_000,
  );

  test("a new key for sessions leaves those that run alone", async () => {
    await change({ sessionKey: { rotationToken: "now" } });
    await waitFor(({ status }) => status?.sessionKey?.retiring?.length === 1);
    await expectUndisturbed();
  }, 90_000);

  const settingsPath = "/tenant/settings";
  const isSynced =
    (status: "True" | "False") =>
    (tenant: ShownTenant): boolean =>
      tenant.status?.conditions?.some(
        (one) =>
          one.type === "SettingsSynced" &&
          one.status === status &&
          one.observedGeneration === tenant.metadata.generation,
      ) === true;

  test("§5.3 settings: what the resource names is 409 with the list of keys, what it does not name is 200", async () => {
    await change({
      settings: { values: { chat: { deletedMessageDisplay: "hidden" }, calls: { maxParticipants: 4 } } },
    });
    const { status } = await waitFor(isSynced("True"));
    expect(status?.settings?.enforcedKeys).toEqual(["calls.maxParticipants", "chat.deletedMessageDisplay"]);
    const apiKey = await readApiKey();
    const isThere = async (): Promise<boolean> =>
      (await callWith(apiKey, "GET", settingsPath)).body.calls.maxParticipants === 4;
    expect(await waitUntil(isThere, { limitMs: lateMsMax })).toBe(true);
    const refused = await callWith(apiKey, "PATCH", settingsPath, {
      chat: { deletedMessageDisplay: "placeholder" },
      calls: { maxParticipants: 8 },
      free: 1,
    });
    expect(refused).toMatchObject({ status: 409, body: { code: "managed_by_kubernetes" } });
    expect(refused.body.details.map(({ path }: { readonly path: string }) => path)).toEqual([
      "calls.maxParticipants",
      "chat.deletedMessageDisplay",
    ]);
    const free = await callWith(apiKey, "PATCH", settingsPath, { chat: { deletedMessagePlaceholder: "gone" } });
    expect(free).toMatchObject({ status: 200, body: { chat: { deletedMessagePlaceholder: "gone" } } });
    await expectUndisturbed();
  }, 90_000);

  test("§5.3 settings: a key that is taken out of the resource keeps its value, and is free", async () => {
    const apiKey = await readApiKey();
    await change({ settings: { values: { calls: null } } });
    await waitFor((tenant) => isSynced("True")(tenant) && tenant.status?.settings?.enforcedKeys?.length === 1);
    expect((await callWith(apiKey, "GET", settingsPath)).body.calls.maxParticipants).toBe(4);
    const isFree = async (): Promise<boolean> =>
      (await callWith(apiKey, "PATCH", settingsPath, { calls: { maxParticipants: 6 } })).status === 200;
    expect(await waitUntil(isFree, { limitMs: lateMsMax })).toBe(true);
    const kept = await callWith(apiKey, "PATCH", settingsPath, { chat: { deletedMessageDisplay: "placeholder" } });
    expect(kept).toMatchObject({ status: 409, body: { details: [{ path: "chat.deletedMessageDisplay" }] } });
  }, 90_000);

  test("§5.3 settings: a value that does not fit is told with its path, and changes nothing", async () => {
    const apiKey = await readApiKey();
    const before = (await callWith(apiKey, "GET", settingsPath)).body;
    // What the schema knows the API server refuses; what only the gateway knows the condition tells.
    const tooMany = change({ settings: { values: { calls: { maxParticipants: 33 } } } });
    await expect(tooMany).rejects.toThrow("spec.settings.values.calls.maxParticipants");
    await change({ settings: { values: { plan: "pro" } } });
    const { status } = await waitFor(isSynced("False"));
    const condition = status?.conditions?.find(({ type }) => type === "SettingsSynced");
    expect(condition?.reason).toBe("RejectedByGateway");
    expect(condition?.message).toMatch(/plan: .*not a setting/);
    expect(status?.conditions?.find(({ type }) => type === "Ready")?.reason).toBe("RejectedByGateway");
    expect((await callWith(apiKey, "GET", settingsPath)).body).toEqual(before);
    await change({ settings: { values: { plan: null } } });
    await waitFor((tenant) => isReady(tenant) && isSynced("True")(tenant));
    await expectUndisturbed();
  }, 90_000);
});
