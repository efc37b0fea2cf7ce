import type { Clock } from "./clock.ts";
import { KubeError } from "./kube-error.ts";
import type { Resource } from "./kube-object.ts";
import type { KubeRequest } from "./send-request.ts";

/** Which kinds the API server knows; some of those that the operator uses are optional in a cluster. */
export interface ServedKinds {
  serves(resource: Resource): Promise<boolean>;
}

/** What is served stays so for long; what is not may be installed at any moment, and somebody waits for it. */
const rememberServedMs = 60_000;
const rememberAbsentMs = 5_000;

interface Group {
  readonly plurals: Promise<ReadonlySet<string>>;
  readonly askedAt: number;
}

/**
 * Asks for each group once a minute, and every five seconds for a kind that was not there; what could not be answered is not
 * remembered.
 */
export const createServedKinds = (clock: Clock, call: (request: KubeRequest) => Promise<object>): ServedKinds => {
  const groups = new Map<string, Group>();
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
  /** The last answer, if it is younger than that; otherwise a new one, for which all that ask meanwhile wait. */
  const answerFor = (resource: Resource, rememberMs: number): Promise<ReadonlySet<string>> => {
    const known = groups.get(resource.apiVersion);
    if (known && clock.now() < known.askedAt + rememberMs) return known.plurals;
    const plurals = ask(resource);
    groups.set(resource.apiVersion, { plurals, askedAt: clock.now() });
    return plurals;
  };
  return {
    async serves(resource) {
      const served = await answerFor(resource, rememberServedMs);
      return served.has(resource.plural) || (await answerFor(resource, rememberAbsentMs)).has(resource.plural);
    },
  };
};

interface ApiResourceList {
  readonly resources: readonly { readonly name: string }[];
}

const toGroup = ({ apiVersion }: Resource): Resource => ({ apiVersion, kind: "APIResourceList", plural: "" });
