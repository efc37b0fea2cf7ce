import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Sendsar } from "../../sdk/javascript/src/sendsar.ts";
import { waitUntil } from "../../scripts/process/wait.ts";
import { projectDir } from "../../scripts/start/home.ts";
import { describeWithKube } from "../../scripts/testing/kube/describe-kube.ts";
import { createRest } from "../faults/load/rest.ts";
import { openService } from "./service.ts";
import { waitForQuiet, writesIn } from "./stage/fleet.ts";
import { readVisits } from "./stage/metrics.ts";
import type { OperatorProcess } from "./stage/operator-process.ts";
import { readSecret } from "./stage/tenants.ts";
import type { World } from "./stage/world.ts";
import { startWorld } from "./stage/world.ts";

// The whole way that a reader of the quick start goes: apply the sample, wait for it, send and receive.

describeWithKube("a Tenant, from kubectl apply to a message", () => {
  let parts: AsyncDisposableStack;
  let world: World;
  let operator: OperatorProcess;
  beforeAll(async () => {
    parts = new AsyncDisposableStack();
    world = parts.use(await startWorld({ pods: "processes" }));
    operator = parts.use(await world.startOperator());
  });
  afterAll(() => parts.disposeAsync());

  test("§5.3 create: the sample is Ready, and our SDK sends and receives through its gateways", async () => {
    const { kube, kubectl, namespace } = world;
    await kubectl(["apply", "-f", "-"], await readFile(join(projectDir, "crds/samples/minimal.yaml"), "utf8"));
    await kubectl(["wait", "tenant/acme", "--for=condition=Ready", "--timeout=45s"]).catch(async (error: unknown) => {
      const shown = await kubectl(["get", "tenant/acme", "-o", "yaml"]);
      throw new Error(`${String(error)}\n${shown}\n${operator.log.slice(-20).join("\n")}`);
    });
    const { apiKey = "" } = (await readSecret(kube.api, namespace, "acme-chat-credentials")) ?? {};
    await using service = await openService(kube.api, { namespace, name: "acme-gateway", portName: "http" });
    const rest = createRest({ origin: service.origin, credentials: { "x-api-key": apiKey }, connectionsMax: 2 });
    const post = async (path: string, body: object) => {
      const answer = await rest.call("POST", path, body);
      expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
      return answer.body;
    };
    const participants = [{ id: "ann" }, { id: "bo" }];
    const room = await post("/chat/rooms", { name: "first", kind: "group", participants });
    const admit = async (userId: string) => {
      const { token } = await post("/auth/token", { userId, expiresIn: 600 });
      const chat = Sendsar.init({ apiUrl: `${service.origin}/v1` });
      await chat.connect({ userId, token });
      return chat;
    };
    const [ann, bo] = [await admit("ann"), await admit("bo")];
    const received: string[] = [];
    bo.on("new-message", ({ id }) => received.push(id));
    const { id } = await ann.sendMessage(room.id, { text: "hello" });
    expect(await waitUntil(() => received.includes(id), { limitMs: 5000 })).toBe(true);
    await Promise.all([ann.disconnect(), bo.disconnect()]);
    rest.close();
  }, 60_000);

  test("§5.3 idempotence: what is as it should be is not written again", async () => {
    const { proxy, kubectl } = world;
    await waitForQuiet(proxy, 1500, 30_000);
    proxy.reset();
    const visits = await readVisits(operator);
    // It wakes the Tenant and changes nothing that is wanted.
    await kubectl(["annotate", "tenant/acme", "example.com/note=look"]);
    expect(await waitUntil(async () => (await readVisits(operator)) > visits, { limitMs: 10_000 })).toBe(true);
    await waitForQuiet(proxy, 1000, 10_000);
    expect(writesIn(proxy).map(({ verb, path }) => `${verb} ${path}`)).toEqual([]);
  }, 40_000);
});
