import type { Endpoint } from "@sendsar/protocol/endpoint";
import { type EndpointId, endpoints } from "@sendsar/protocol/endpoints";
import { type Components, componentName, createComponents, openapiDialect } from "./components.ts";
import type { JsonSchema } from "./json-schema.ts";
import { type Parameter, toParameters } from "./parameters.ts";
import { tagDocs } from "./prose.ts";

/** An endpoint with its schemas written out, as the pages show it. */
export interface DocumentedEndpoint {
  readonly id: EndpointId;
  readonly endpoint: Endpoint;
  readonly path: readonly Parameter[];
  readonly query: readonly Parameter[];
  readonly body: JsonSchema | undefined;
  readonly answer: JsonSchema;
}

/** What the reference pages are written from. */
export interface Reference {
  /** In the order of the tags. */
  readonly endpoints: readonly DocumentedEndpoint[];
  readonly components: Components;
  /** Names of the objects that are met in several places, and so stand in a section of their own. */
  readonly objects: readonly string[];
  /** Those of them that only requests carry. */
  readonly requestObjects: readonly string[];
}

/** Reads every endpoint of the contract. */
export const createReference = (): Reference => {
  const components = createComponents(openapiDialect);
  const documented = (Object.entries(endpoints) as [EndpointId, Endpoint][])
    .toSorted(([, a], [, b]) => tagOrder(a) - tagOrder(b))
    .map(([id, endpoint]) => ({
      id,
      endpoint,
      path: toParameters("path", endpoint.params, components),
      query: toParameters("query", endpoint.query, components),
      body: endpoint.body === undefined ? undefined : components.schema(endpoint.body, "input"),
      answer: components.schema(endpoint.response, "output"),
    }));
  const objects = sharedObjects(documented, components);
  const answered = namesReached(
    documented.map(({ answer }) => answer),
    components,
  );
  const requestObjects = objects.filter((name) => !answered.has(name));
  return { endpoints: documented, components, objects, requestObjects };
};

const tagOrder = ({ tag }: Endpoint): number => Object.keys(tagDocs).indexOf(tag);

/** Objects inside another, or that more than one endpoint takes or answers. */
const sharedObjects = (documented: readonly DocumentedEndpoint[], components: Components): readonly string[] => {
  const named = components.all();
  const inside = Object.values(named).flatMap(namesInside);
  const roots = documented.flatMap(({ body, answer }) => namesInside([body, answer]));
  return Object.keys(named).filter(
    (name) =>
      named[name]?.properties !== undefined &&
      (inside.includes(name) || roots.indexOf(name) !== roots.lastIndexOf(name)),
  );
};

const namesReached = (value: unknown, components: Components, reached = new Set<string>()): ReadonlySet<string> => {
  for (const name of namesInside(value)) {
    if (reached.has(name)) continue;
    reached.add(name);
    namesReached(components.all()[name], components, reached);
  }
  return reached;
};

const namesInside = (value: unknown): readonly string[] => {
  if (typeof value !== "object" || value === null) return [];
  const own = componentName(value);
  return [...(own === undefined ? [] : [own]), ...Object.values(value).flatMap(namesInside)];
};
