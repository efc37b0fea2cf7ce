import type { V1Pod } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { describeKube } from "../describe-kube.ts";
import { ApiFailure, openKubeApi } from "../kube-api.ts";
import { isAllowed } from "../service-account.ts";

describeKube("the API server of a run", (place) => {
  test("calls itself by the version that is pinned, and takes RBAC seriously", async () => {
    const { gitVersion } = await place.api.get<{ gitVersion: string }>("/version");
    expect(gitVersion).toBe("v1.36.3");
    const login = await place.createLogin("reader", {
      rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list"] }],
    });
    await using reader = await openKubeApi(login);
    const { namespace } = place;
    expect(await isAllowed(reader, { namespace, verb: "list", resource: "configmaps" })).toBe(true);
    const refused = await reader.get(`/api/v1/namespaces/${namespace}/secrets`).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ApiFailure);
    expect(refused).toMatchObject({ status: 403, reason: "Forbidden" });
  });

  test("a Deployment's pods are ready at once, and gone with it", async () => {
    await place.kubectl("create", "deployment", "web", "--image=registry.invalid/web:1", "--replicas=2");
    await place.kubectl("wait", "deployment/web", "--for=condition=Available", "--timeout=20s");
    const pods = `/api/v1/namespaces/${place.namespace}/pods`;
    const { items } = await place.api.get<{ items: V1Pod[] }>(pods);
    expect(items.map(({ status }) => status?.phase)).toEqual(["Running", "Running"]);
    expect(new Set(items.map(({ status }) => status?.podIP)).size).toBe(2);
    await place.kubectl("delete", "deployment/web", "--cascade=foreground", "--timeout=20s");
    expect((await place.api.get<{ items: V1Pod[] }>(pods)).items).toEqual([]);
  });

  test("a pod whose image is missing waits in ImagePullBackOff", async () => {
    await place.kubectl("run", "stuck", "--image=registry.invalid/missing:1");
    const waiting = "jsonpath={.status.containerStatuses[0].state.waiting.reason}";
    await place.kubectl("wait", "pod/stuck", `--for=${waiting}=ImagePullBackOff`, "--timeout=20s");
    expect(await place.kubectl("get", "pod", "stuck", "-o", "jsonpath={.status.phase}")).toBe("Pending");
  });
});
