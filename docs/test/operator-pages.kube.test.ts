import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { startTestOperator, type TestOperator } from "../../operator/test/reconcile/start-test-operator.ts";
import { waitUntil } from "../../scripts/process/wait.ts";
import { projectDir } from "../../scripts/start/home.ts";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import { createNamespace, describeKube, type KubePlace } from "../../scripts/testing/kube/describe-kube.ts";
import { findKubectl } from "../../scripts/testing/kube/kubectl.ts";
import { createServiceAccount } from "../../scripts/testing/kube/service-account.ts";
import { codeBlocks, readPage } from "./markdown.ts";
import { operatorPages } from "./operator-pages.ts";
import { runPage } from "./run-page.ts";
import { missingPrograms } from "./shell.ts";

/** The namespace that the pages speak of. */
const namespace = "chat";
const missing = missingPrograms();

describeKube("the pages about Tenants, typed from the first to the last into one cluster", (place) => {
  let parts: AsyncDisposableStack;
  let home: string;
  let operator: TestOperator;

  beforeAll(async () => {
    parts = new AsyncDisposableStack();
    home = await mkdtemp(join(tmpdir(), "sendsar-pages-"));
    parts.defer(() => rm(home, { recursive: true, force: true }));
    await createNamespace(place.api, namespace);
    await untilOwnersCount(place);
    const database = parts.use(await createTestDatabase());
    operator = parts.use(
      await startTestOperator(
        {
          ...place,
          namespace,
          createLogin: (name, rights) => createServiceAccount(place.api, place, { namespace, name }, rights),
        },
        { database: { adminUrl: database.adminUrl, masterKey: Buffer.alloc(32, 7).toString("base64") } },
      ),
    );
    // What the reader has in PATH.
    const kubectl = await findKubectl();
    if ("problem" in kubectl) throw new Error(kubectl.problem);
    const script = `#!/bin/sh\nexec "${kubectl.path}" --namespace ${namespace} "$@"\n`;
    await writeFile(join(home, "kubectl"), script, { mode: 0o755 });
  }, 120_000);
  afterAll(() => parts.disposeAsync());

  test.skipIf(missing.length > 0).for(operatorPages)("%s (needs bash)", { timeout: 120_000 }, async (page) => {
    const env = {
      ...process.env,
      HOME: home,
      PATH: `${home}:${process.env["PATH"]}`,
      KUBECONFIG: place.adminKubeconfig,
    };
    const { count, mismatches } = await runPage(page, { cwd: projectDir, env, skip: [] }).catch(
      async (error: unknown) => {
        const shown = await place.kubectl("--namespace", namespace, "get", "tenants", "-o", "yaml");
        throw new Error(`${String(error)}\n${shown}\n${operator.logged.slice(-20).join("")}`, { cause: error });
      },
    );
    expect(mismatches).toEqual([]);
    expect(count).toBeGreaterThan(3);
  });

  test.for(operatorPages)("%s shows objects that the API server takes", async (page) => {
    for (const { language, code } of codeBlocks(await readPage(page))) {
      if (language !== "yaml") continue;
      const documents = parseAllDocuments(code).map((document) => JSON.stringify(document.toJS()));
      for (const document of documents) await place.apply(document);
    }
  });
});

/**
 * Waits until what a Tenant owns goes with it: a cluster's garbage collector looks for new kinds every 30 seconds only, and
 * this cluster has had ours for a moment. A Tenant that is made anew waits until the objects of the one before are gone.
 */
const untilOwnersCount = async ({ api, namespace: own }: KubePlace): Promise<void> => {
  const tenants = `/apis/chat.sendsar.com/v1alpha1/namespaces/${own}/tenants`;
  const apiVersion = "chat.sendsar.com/v1alpha1";
  const owner = { apiVersion, kind: "Tenant", metadata: { name: "owner" } };
  const { metadata } = await api.post<{ metadata: { uid: string } }>(tenants, owner);
  const ownerReferences = [{ apiVersion, kind: "Tenant", name: "owner", uid: metadata.uid }];
  await api.post(`/api/v1/namespaces/${own}/configmaps`, { metadata: { name: "owned", ownerReferences } });
  await api.delete(`${tenants}/owner`);
  const gone = async (): Promise<boolean> =>
    (await api.find(`/api/v1/namespaces/${own}/configmaps/owned`)) === undefined;
  if (!(await waitUntil(gone, { limitMs: 90_000 }))) throw new Error("unable to see what a Tenant owns go with it");
};
