import { expect, test } from "vitest";
import { isWrite, readRequestInfo } from "../request-info.ts";

const short = (method: string, url: string): string => {
  const { verb, group, resource, subresource, namespace, name, fieldManager } = readRequestInfo(method, url);
  const target = [group, resource, subresource, namespace, name].join("|");
  return `${verb} ${target}${fieldManager && ` by ${fieldManager}`}`;
};

test.each([
  ["GET", "/api/v1/pods?limit=500", "list |pods|||"],
  ["GET", "/api/v1/namespaces/a/pods?watch=true&resourceVersion=5", "watch |pods||a|"],
  ["GET", "/api/v1/namespaces/a/pods?watch=1", "watch |pods||a|"],
  ["GET", "/api/v1/namespaces/a", "get |namespaces|||a"],
  ["PUT", "/api/v1/namespaces/a/finalize", "update |namespaces|finalize||a"],
  ["POST", "/api/v1/namespaces", "create |namespaces|||"],
  ["POST", "/apis/apps/v1/namespaces/a/deployments", "create apps|deployments||a|"],
  [
    "PATCH",
    "/apis/apps/v1/namespaces/a/deployments/d/scale?fieldManager=x%2Fscale",
    "patch apps|deployments|scale|a|d by x/scale",
  ],
  ["DELETE", "/apis/apps/v1/namespaces/a/deployments", "deletecollection apps|deployments||a|"],
  ["DELETE", "/apis/apps/v1/namespaces/a/deployments/d", "delete apps|deployments||a|d"],
  ["GET", "/apis/apps/v1", "get ||||"],
  ["GET", "/version", "get ||||"],
])("%s %s is: %s", (method, url, expected) => {
  expect(short(method, url)).toBe(expected);
});

test("reads are no writes, and neither is a question that is posted to a path without a resource", () => {
  const writes = ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((method) =>
    isWrite(readRequestInfo(method, "/api/v1/namespaces/a/secrets/s")),
  );
  expect(writes).toEqual(["POST", "PUT", "PATCH", "DELETE"]);
  expect(isWrite(readRequestInfo("POST", "/apis"))).toBe(false);
});
