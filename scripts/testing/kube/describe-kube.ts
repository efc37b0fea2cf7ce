import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, inject } from "vitest";
import { waitUntil } from "../../process/wait.ts";
import type { KubeApi } from "./kube-api.ts";
import { openKubeApi } from "./kube-api.ts";
import { runKubectl } from "./kubectl.ts";
import type { AccountRights } from "./service-account.ts";
import { createServiceAccount } from "./service-account.ts";
import type { KubeAddress } from "./start-kube.ts";

declare module "vitest" {
  interface TaskMeta {
    /** Why a whole suite is not run; the closing lines of a run show it. */
    skipReason?: string;
  }
}

/** A namespace of its own on the API server of this run; its nodes make every pod ready at once. */
export interface KubePlace extends KubeAddress {
  readonly namespace: string;
  /** As the admin. */
  readonly api: KubeApi;
  /** Real kubectl as the admin, in the namespace. Answers what it printed. */
  kubectl(...args: readonly string[]): Promise<string>;
  /** `kubectl apply --server-side`, of YAML text. */
  apply(yaml: string): Promise<string>;
  /** A ServiceAccount of the namespace; answers the path of a kubeconfig file that calls as it. */
  createLogin(name: string, rights: AccountRights): Promise<string>;
}

/**
 * Describes tests that need a real API server. All of a run share one with all project kinds installed, started when the first
 * asks; each `describeKube` has a namespace of its own. `place` is filled when hooks and tests run. Where no server can be had
 * the tests are skipped, and the reason is shown and counted.
 */
export const describeKube = (title: string, body: (place: KubePlace) => void): void => {
  describeWithKube(title, () => {
    const place = {} as KubePlace;
    beforeAll(async () => {
      Object.assign(place, await openPlace(await findTestKube()));
    });
    afterAll(async () => {
      // Its objects go in the background; nobody else looks into it.
      await place.api?.delete(`/api/v1/namespaces/${place.namespace}`);
      await place.api?.[Symbol.asyncDispose]();
    });
    body(place);
  });
};

/** The same for tests that start servers of their own (`startKube`): skipped with the reason where there is no program to start. */
export const describeWithKube = (title: string, body: () => void): void => {
  const problem = inject("kubeProblem");
  const options = problem === "" ? {} : { skip: true, meta: { skipReason: problem } };
  // oxlint-disable-next-line vitest/valid-title -- It is the caller's.
  describe(title, options, () => {
    body();
  });
};

/** The API server of this test run, started if this is the first call. */
export const findTestKube = async (): Promise<KubeAddress> => {
  const response = await fetch(new URL("kube", inject("testServerUrl")));
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as KubeAddress;
};

const openPlace = async (address: KubeAddress): Promise<KubePlace> => {
  const api = await openKubeApi(address.adminKubeconfig);
  const namespace = `test-${randomBytes(5).toString("hex")}`;
  await createNamespace(api, namespace);
  const kubectl = (args: readonly string[], input?: string): Promise<string> =>
    runKubectl({
      kubeconfig: address.adminKubeconfig,
      args: ["--namespace", namespace, ...args],
      ...(input === undefined ? {} : { input }),
    });
  return {
    ...address,
    namespace,
    api,
    kubectl: (...args) => kubectl(args),
    apply: (yaml) => kubectl(["apply", "--server-side", "-f", "-"], yaml),
    createLogin: (name, rights) => createServiceAccount(api, address, { namespace, name }, rights),
  };
};

/** Makes a namespace and waits for its default ServiceAccount: without it no pod is admitted. */
export const createNamespace = async (api: KubeApi, name: string): Promise<void> => {
  await api.post("/api/v1/namespaces", { metadata: { name } });
  const path = `/api/v1/namespaces/${name}/serviceaccounts/default`;
  const made = await waitUntil(async () => (await api.find(path)) !== undefined, { limitMs: 15_000 });
  if (!made) throw new Error(`unable to make the namespace ${name}; it got no default account`);
};
