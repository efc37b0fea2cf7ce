/** What a request to the API asks for, as RBAC and audit see it. */
export interface RequestInfo {
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; of other paths the method, lower-case. */
  readonly verb: string;
  /** Empty for the core group, and for a path that is no resource. */
  readonly group: string;
  /** `deployments`; empty for a path that is no resource (`/version`, `/apis/apps/v1`). */
  readonly resource: string;
  /** `status`, `scale`; empty without. */
  readonly subresource: string;
  /** Empty for all namespaces, and for what is in none. */
  readonly namespace: string;
  /** Empty for a list, and for an object that is being created. */
  readonly name: string;
  readonly fieldManager: string;
  /** Without the query. */
  readonly path: string;
}

/** Reads it off the method and the URL. Source: apiserver/pkg/endpoints/request/requestinfo.go. */
export const readRequestInfo = (method: string, url: string): RequestInfo => {
  const { pathname: path, searchParams } = new URL(url, "https://api");
  const fieldManager = searchParams.get("fieldManager") ?? "";
  const parts = path.split("/").filter((part) => part !== "");
  const isCore = parts[0] === "api";
  const group = isCore ? "" : (parts[1] ?? "");
  const rest = parts.slice(isCore ? 2 : 3);
  if ((!isCore && parts[0] !== "apis") || rest.length === 0) return { ...noResource, verb: method.toLowerCase(), path };
  const { namespace, resource = "", name = "", subresource = "" } = readTarget(rest);
  const watching = ["true", "1"].includes(searchParams.get("watch") ?? "");
  return { verb: toVerb(method, name, watching), group, resource, subresource, namespace, name, fieldManager, path };
};

const noResource = { group: "", resource: "", subresource: "", namespace: "", name: "", fieldManager: "" };

/** `namespaces/x` is a namespace itself, `namespaces/x/pods` pods in one. */
const readTarget = (rest: readonly string[]) => {
  const [first, namespace = "", third] = rest;
  const isInside = first === "namespaces" && third !== undefined && third !== "status" && third !== "finalize";
  const [resource, name, subresource] = isInside ? rest.slice(2) : rest;
  return { namespace: isInside ? namespace : "", resource, name, subresource };
};

const toVerb = (method: string, name: string, watching: boolean): string => {
  switch (method) {
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return name === "" ? "deletecollection" : "delete";
    default:
      if (watching) return "watch";
      return name === "" ? "list" : "get";
  }
};

const writingVerbs = new Set(["create", "update", "patch", "delete", "deletecollection"]);

export const isWrite = ({ verb, resource }: RequestInfo): boolean => resource !== "" && writingVerbs.has(verb);
