import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { V1CustomResourceDefinition } from "@kubernetes/client-node";
import { parseAllDocuments } from "yaml";
import { waitUntil } from "../../process/wait.ts";
import { projectDir } from "../../start/home.ts";
import type { KubeApi } from "./kube-api.ts";

const crdPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const servedMsMax = 15_000;

/** Installs the project's own kinds (`crds/*.yaml`), and waits until they are served. */
export const installCrds = async (api: KubeApi): Promise<void> => {
  const dir = join(projectDir, "crds");
  const files = (await readdir(dir)).filter((file) => file.endsWith(".yaml"));
  await installCrdFiles(
    api,
    files.map((file) => join(dir, file)),
  );
};

/** Installs the kinds in these files, and waits until they are served. */
export const installCrdFiles = async (api: KubeApi, files: readonly string[]): Promise<void> => {
  const texts = await Promise.all(files.map((file) => readFile(file, "utf8")));
  const crds = texts
    .flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as V1CustomResourceDefinition))
    .filter(({ kind }) => kind === "CustomResourceDefinition");
  await Promise.all(crds.map((crd) => installCrd(api, crd)));
};

/** Installs one kind, and waits until its objects can be listed: "established" is said before its storage is there. */
export const installCrd = async (api: KubeApi, crd: V1CustomResourceDefinition): Promise<void> => {
  await api.post(crdPath, crd);
  const { group, names, versions } = crd.spec;
  const version = versions.find(({ served }) => served)?.name;
  const isListed = (): Promise<boolean> =>
    api.get(`/apis/${group}/${version}/${names.plural}?limit=1`).then(
      () => true,
      () => false,
    );
  if (await waitUntil(isListed, { limitMs: servedMsMax })) return;
  throw new Error(`unable to install ${names.kind}; it is not served after ${servedMsMax / 1000} s`);
};
