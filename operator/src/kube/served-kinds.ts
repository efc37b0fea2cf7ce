import type { Clock } from "./clock.ts";
import { KubeError } from "./kube-error.ts";
import type { Resource } from "./kube-object.ts";
import type { KubeRequest } from "./send-request.ts";

/** Which kinds the API server knows; some of those that the operator uses are optional in a cluster. */
export interface ServedKinds {
  serves(resource: Resource): Promise<boolean>;
}

const rememberMs = 60_000;

/** Asks once a minute for each group; what could not be answered is not remembered. */
export const createServedKinds = (clock: Clock, call: (request: KubeRequest) => Promise<object>): ServedKinds => {
  const groups = new Map<string, { readonly plurals: Promise<ReadonlySet<string>>; readonly until: number }>();
  const ask = async (resource: Resource): Promise<ReadonlySet<string>> => {
    try {
      // The path of a group lists its kinds: APIResourceList.
      const answer = (await call({ verb: "get", target: { resource: toGroup(resource) } })) as ApiResourceList;
      return new Set(answer.resources.map(({ name }) => name));
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return new Set();
      groups.delete(resource.apiVersion);
      throw error;
    }
  };
  return {
    async serves(resource) {
      let group = groups.get(resource.apiVersion);
      if (!group || clock.now() >= group.until) {
        group = { plurals: ask(resource), until: clock.now() + rememberMs };
        groups.set(resource.apiVersion, group);
      }
      return (await group.plurals).has(resource.plural);
    },
  };
};

interface ApiResourceList {
  readonly resources: readonly { readonly name: string }[];
}

const toGroup = ({ apiVersion }: Resource): Resource => ({ apiVersion, kind: "APIResourceList", plural: "" });
