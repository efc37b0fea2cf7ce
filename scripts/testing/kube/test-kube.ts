import { findBinaries } from "./binaries.ts";
import { installCrds } from "./install-crds.ts";
import { findKubectl } from "./kubectl.ts";
import type { Kube } from "./start-kube.ts";
import { startKube } from "./start-kube.ts";

/** Why this machine has no API server for tests; empty when it has. Starts and builds nothing. */
export const findKubeProblem = async (): Promise<string> => {
  const found = [await findBinaries(), await findKubectl()];
  return found.flatMap((one) => ("problem" in one ? [one.problem] : [])).join("; ");
};

/** The API server that the tests of a run share: the whole control plane, three nodes that kwok plays, the project's kinds. */
export const openTestKube = async (): Promise<Kube> => {
  const kube = await startKube({ fakeNodes: 3 });
  try {
    await installCrds(kube.api);
  } catch (error) {
    await kube[Symbol.asyncDispose]();
    throw error;
  }
  return kube;
};
