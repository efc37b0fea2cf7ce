import type { KubeClient } from "../kube/kube-client.ts";
import type { KubeObject } from "../kube/kube-object.ts";
import { pods } from "./pod-trouble.ts";

interface Phased extends KubeObject {
  readonly status?: { readonly phase?: string };
}

/** Pods whose containers may run, those that are ending included. Pods are not watched, so the API server is asked. */
export const listLivingPods = async (
  client: KubeClient,
  namespace: string,
  labelSelector: string,
): Promise<readonly KubeObject[]> => {
  const found: KubeObject[] = [];
  let continueToken: string | undefined;
  do {
    const page = await client.list(pods, {
      namespace,
      labelSelector,
      limit: pageMax,
      ...(continueToken !== undefined && { continueToken }),
    });
    found.push(...page.items.filter((pod) => mayRun(pod as Phased)));
    continueToken = page.continueToken;
  } while (continueToken !== undefined);
  return found;
};

const pageMax = 500;

/** What was evicted, or has ended, stays in the list until somebody removes it. */
const mayRun = ({ status }: Phased): boolean => status?.phase !== "Succeeded" && status?.phase !== "Failed";
