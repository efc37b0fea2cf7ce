import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createKubeClient } from "../../src/kube/create-kube-client.ts";
import { createConnections } from "../../src/kube/dispatcher.ts";
import type { KubeAccess } from "../../src/kube/kube-config.ts";
import { createKubeAccess, loadKubeAccess } from "../../src/kube/kube-config.ts";
import { KubeError, KubeUnreachable } from "../../src/kube/kube-error.ts";
import { createRealClock } from "../../src/kube/real-clock.ts";
import type { ApiServerDouble } from "./api-server-double.ts";
import { configMaps, openApiServerDouble } from "./api-server-double.ts";
import { createTestClock } from "./test-clock.ts";

let server: ApiServerDouble;
let dir: string;
beforeEach(async () => {
  server = await openApiServerDouble();
  dir = await mkdtemp(join(tmpdir(), "kube-access-"));
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});
/** As the pod of a ServiceAccount is let in. */
const byFile = (path: string): object => ({ authProvider: { name: "tokenFile", config: { tokenFile: path } } });
const listWith = async (access: KubeAccess): Promise<unknown> => {
  await using client = createKubeClient({ access, clock: createRealClock() });
  return await client.list(configMaps).catch((error: unknown) => error);
};
const tokens = (): unknown[] => server.requests.map(({ headers }) => headers.authorization);

describe("the access to the API server", () => {
  test("pitfall 5, E4: after a 401 the token file is read again, and the call is repeated once", async () => {
    const path = join(dir, "token");
    await writeFile(path, "old\n");
    const access = createKubeAccess(createRealClock(), () => server.config(byFile(path)));
    await listWith(access);
    await writeFile(path, "new\n");
    server.reply(({ headers }) => (headers.authorization === "Bearer new" ? undefined : { status: 401 }));
    expect(await listWith(access)).toMatchObject({ items: [] });
    expect(tokens()).toEqual(["Bearer old", "Bearer old", "Bearer new"]);
  });

  test("a second 401 is the answer", async () => {
    server.reply(() => ({ status: 401 }));
    const access = createKubeAccess(createRealClock(), () => server.config());
    expect(await listWith(access)).toMatchObject({ name: "KubeError", status: 401 });
    expect(server.requests.length).toBe(2);
  });

  test("of many calls that are refused together, one reads the credentials again", async () => {
    let loads = 0;
    const access = createKubeAccess(createTestClock(), () => {
      loads++;
      return server.config();
    });
    const refused = await access.authorize();
    for (let n = 0; n < 5; n++) access.forget(refused);
    const renewed = await access.authorize();
    access.forget(refused);
    expect(await access.authorize()).toBe(renewed);
    expect(loads).toBe(2);
  });

  test("files are read again every 10 s, not for each call", async () => {
    const clock = createTestClock();
    const access = createKubeAccess(clock, () => server.config());
    const first = await access.authorize();
    expect(await access.authorize()).toBe(first);
    await clock.advance(10_000);
    expect(await access.authorize()).not.toBe(first);
  });

  test("a kubeconfig file is taken as it is, with user and password", async () => {
    const path = join(dir, "config");
    await writeFile(path, server.config({ username: "u", password: "p" }).exportConfig());
    const access = loadKubeAccess(createTestClock(), path);
    expect(access.server).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect((await access.authorize()).headers["authorization"]).toBe(`Basic ${Buffer.from("u:p").toString("base64")}`);
  });

  test("a credential that cannot be had is KubeUnreachable, and is tried again with the next call", async () => {
    const path = join(dir, "late");
    const access = createKubeAccess(createTestClock(), () => server.config(byFile(path)));
    await expect(access.authorize()).rejects.toThrow(KubeUnreachable);
    await writeFile(path, "here");
    expect((await access.authorize()).headers["authorization"]).toBe("Bearer here");
  });

  test("a server whose certificate is of another authority is not spoken to", async () => {
    const config = server.config();
    const [cluster] = config.clusters;
    config.clusters = [{ ...cluster, caData: undefined } as never];
    const failure = await listWith(createKubeAccess(createRealClock(), () => config));
    expect(failure).toBeInstanceOf(KubeUnreachable);
    expect(failure).not.toBeInstanceOf(KubeError);
    expect(server.requests).toEqual([]);
  });
});

describe("the connections", () => {
  test("E2: stay the same while certificates do, also when they are read again; else they are others", async () => {
    await using connections = createConnections({ call: 1, watch: 1, lease: 1 });
    const to = (ca: string) => connections.to({ type: "agent", connect: { ca: Buffer.from(ca) } }, "call");
    const first = to("one");
    expect(to("one")).toBe(first);
    expect(to("two")).not.toBe(first);
    expect(connections.to({ type: "agent", connect: { ca: Buffer.from("two") } }, "watch")).not.toBe(to("two"));
  });

  test("a new authority does not break what is under way with the old one", async () => {
    let config = server.config();
    const clock = createTestClock();
    const access = createKubeAccess(clock, () => config);
    await using client = createKubeClient({ access, clock: { ...createRealClock(), now: clock.now } });
    const stop = new AbortController();
    const watch = client.watch(configMaps, { resourceVersion: "100", timeoutSeconds: 60 }, stop.signal);
    const next = watch[Symbol.asyncIterator]().next();
    await server.watchesReach(1);
    // Another text of the same authority, as after a rotation that keeps the old one.
    config = server.config({ token: "other" });
    const [cluster] = config.clusters;
    const bundle = `${Buffer.from(cluster?.caData ?? "", "base64").toString()}\n\n`;
    config.clusters = [{ ...cluster, caData: Buffer.from(bundle).toString("base64") } as never];
    const before = server.handshakes;
    access.forget(await access.authorize());
    await client.list(configMaps);
    expect(server.handshakes).toBe(before + 1);
    server.put("one");
    expect((await next).value).toMatchObject({ type: "ADDED", object: { metadata: { name: "one" } } });
    stop.abort(new Error("stop"));
  });

  test("a SOCKS proxy is refused with a sentence", async () => {
    await using connections = createConnections({ call: 1, watch: 1, lease: 1 });
    expect(() => connections.to({ type: "socks", uri: "socks5://x", requestTls: {} }, "call")).toThrow(
      "unable to connect to the API server; a SOCKS proxy is not supported",
    );
  });
});
