import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { desiredObjects } from "../../src/desired/desired-objects.ts";
import { findDifference, sameAsWanted } from "../../src/desired/same-as-wanted.ts";
import type { KubeObject } from "../../src/kube/kube-object.ts";
import { cases } from "./cases.ts";
import type { ValuePath } from "./mutate-object.ts";
import { findPaths, readAt, without, withValue } from "./mutate-object.ts";

const wantedObjects = Object.entries(cases).flatMap(([name, input]) =>
  desiredObjects(input).map((object) => ({ title: `${object.kind} of ${name}`, object })),
);

/** Stands in for what the server and others add: fields that nobody asked for, in every record there is. */
const withForeignFields = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withForeignFields);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).map(([key, part]) => [key, withForeignFields(part)]);
  return Object.fromEntries([["foreign.example/field", { added: [1, "2"] }], ...fields]);
};

const isIdentity = (path: ValuePath): boolean =>
  path.join(".") === "apiVersion" || path.join(".") === "kind" || path.join(".") === "metadata.name";

describe.each(wantedObjects)("$title", ({ object }) => {
  test("is the same as itself, and as itself with fields of others", () => {
    expect(findDifference(object, object)).toBeUndefined();
    expect(findDifference(withForeignFields(object) as KubeObject, object)).toBeUndefined();
  });

  test("every wanted field that somebody changes or removes is seen", () => {
    const paths = findPaths(object).filter((path) => !isIdentity(path));
    expect(paths.length).toBeGreaterThan(8);
    for (const path of paths) {
      const value = readAt(object, path);
      if (value !== "") expect(sameAsWanted(without(object, path), object), `without ${path.join(".")}`).toBe(false);
      const other = typeof value === "boolean" ? !value : typeof value === "number" ? value + 1 : "other";
      expect(sameAsWanted(withValue(object, path, other), object), `another ${path.join(".")}`).toBe(false);
    }
  });
});

const deployment = (change: object = {}): KubeObject =>
  ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "a" },
    spec: { template: { spec: { containers: [{ name: "gateway", image: "a:1", ...change }] } } },
  }) as KubeObject;

const withContainers = (...containers: object[]): KubeObject =>
  ({ ...deployment(), spec: { template: { spec: { containers } } } }) as KubeObject;

describe("lists whose items have keys belong to several owners", () => {
  test("§5.3 drift: a sidecar that somebody put beside the gateway is left alone, in whatever order", () => {
    const live = withContainers({ name: "mesh", image: "mesh:1" }, { name: "gateway", image: "a:1" });
    expect(sameAsWanted(live, deployment())).toBe(true);
    expect(sameAsWanted(withContainers({ name: "mesh", image: "a:1" }), deployment())).toBe(false);
  });

  test("environment, mounts and ports are found by their keys", () => {
    const wanted = deployment({
      env: [{ name: "A", value: "1" }],
      ports: [{ containerPort: 3001 }],
      volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
    });
    const live = deployment({
      env: [
        { name: "B", value: "2" },
        { name: "A", value: "1" },
      ],
      ports: [
        { containerPort: 3001, protocol: "UDP" },
        { containerPort: 3001, protocol: "TCP" },
      ],
      volumeMounts: [
        { name: "other", mountPath: "/other" },
        { name: "tmp", mountPath: "/tmp" },
      ],
    });
    expect(sameAsWanted(live, wanted)).toBe(true);
    expect(findDifference(deployment({ env: [{ name: "B", value: "1" }] }), wanted)).toBe(
      "spec.template.spec.containers.0.env.0",
    );
  });
});

describe("lists without keys belong to one owner", () => {
  test("an item that somebody added, removed or moved is seen", () => {
    const policy = (...egress: object[]): KubeObject =>
      ({
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: { name: "a" },
        spec: { egress },
      }) as KubeObject;
    const dns = { ports: [{ protocol: "UDP", port: 53 }] };
    const web = { ports: [{ protocol: "TCP", port: 443 }] };
    expect(sameAsWanted(policy(dns, web), policy(dns, web))).toBe(true);
    for (const live of [policy(dns), policy(dns, web, {}), policy(web, dns)]) {
      expect(sameAsWanted(live, policy(dns, web))).toBe(false);
    }
  });
});

describe("what the server spells differently is no difference", () => {
  test("quantities, where there are quantities", () => {
    const wanted = deployment({ resources: { requests: { cpu: "0.1", memory: "1024Mi" }, limits: { cpu: "1000m" } } });
    const live = deployment({ resources: { requests: { cpu: "100m", memory: "1Gi" }, limits: { cpu: "1" } } });
    expect(sameAsWanted(live, wanted)).toBe(true);
    expect(findDifference(deployment({ resources: { requests: { cpu: "200m" } } }), wanted)).toBe(
      "spec.template.spec.containers.0.resources.requests.cpu",
    );
  });

  test("and nowhere else: a variable of 1000m is not one of 1", () => {
    const env = (value: string) => deployment({ env: [{ name: "A", value }] });
    expect(sameAsWanted(env("1"), env("1000m"))).toBe(false);
  });

  test("an empty text or list is not kept, and an empty record means something", () => {
    expect(sameAsWanted(deployment({ env: [{ name: "A" }] }), deployment({ env: [{ name: "A", value: "" }] }))).toBe(
      true,
    );
    expect(sameAsWanted(deployment(), deployment({ args: [] }))).toBe(true);
    expect(sameAsWanted(deployment({ args: ["x"] }), deployment({ args: [] }))).toBe(false);
    expect(sameAsWanted(deployment(), deployment({ securityContext: {} }))).toBe(false);
  });

  test("a field that is stated as undefined is not stated", () => {
    expect(sameAsWanted(deployment({ tty: true }), deployment({ tty: undefined }))).toBe(true);
  });
});

test("an inherited name of JavaScript is no field of the live object", () => {
  const wanted = { ...deployment(), data: { constructor: "x", toString: "y" } } as unknown as KubeObject;
  expect(findDifference({ ...deployment(), data: {} } as unknown as KubeObject, wanted)).toBe("data.constructor");
});

test("any two JSON values: one is as the other wants it exactly if nothing of the other is missing", () => {
  const labels = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.constantFrom("1", "2"));
  fc.assert(
    fc.property(labels, labels, (live, wanted) => {
      const toObject = (values: object): KubeObject => ({
        ...deployment(),
        metadata: { name: "a", labels: { ...values } },
      });
      const isSubset = Object.entries(wanted).every(([key, value]) => live[key] === value);
      expect(sameAsWanted(toObject(live), toObject(wanted))).toBe(isSubset);
    }),
  );
});
