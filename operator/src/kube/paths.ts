import type { Resource } from "./kube-object.ts";

/** What a path of the API leads to. */
export interface Target {
  /** With an empty `plural`: the group itself, which answers with the kinds that it has. */
  readonly resource: Resource;
  /** Absent or "": all namespaces, or a kind that has none. */
  readonly namespace?: string | undefined;
  /** Absent: the collection. */
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** `/apis/apps/v1/namespaces/acme/deployments/chat-gateway/scale` */
export const toPath = ({ resource, namespace, name, subresource }: Target): string =>
  [
    toGroupPath(resource.apiVersion),
    ...(namespace ? ["namespaces", encodeURIComponent(namespace)] : []),
    ...(resource.plural ? [resource.plural] : []),
    ...(name === undefined ? [] : [encodeURIComponent(name)]),
    ...(subresource === undefined ? [] : [subresource]),
  ].join("/");

/** `?limit=500&watch=true`; what is undefined is left out, and without anything it is empty. */
export const toQuery = (parameters: Readonly<Record<string, string | number | boolean | undefined>>): string => {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) query.set(name, String(value));
  return query.size === 0 ? "" : `?${query.toString()}`;
};

const toGroupPath = (apiVersion: string): string =>
  apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
