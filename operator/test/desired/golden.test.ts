import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { desiredObjects } from "../../src/desired/desired-objects.ts";
import type { Deployment } from "../../src/desired/kinds.ts";
import { cases } from "./cases.ts";
import { findRestrictedViolations } from "./restricted-profile.ts";

/**
 * What is rendered for each case stands in a file: a changed default is a difference that somebody reads, since it restarts
 * every gateway of every Tenant. To accept it: `npm run test:only -- operator/test/desired/golden.test.ts --update`.
 */
const toGolden = (objects: readonly object[]): string => objects.map((object) => stringify(object)).join("---\n");

const goldenDir = join(import.meta.dirname, "golden");

test("every case has its file, and every file its case", async () => {
  const files = Object.keys(cases).map((name) => `${name}.yaml`);
  expect((await readdir(goldenDir)).toSorted()).toEqual(files.toSorted());
});

describe.each(Object.entries(cases))("%s", (name, input) => {
  test("pitfall 28: renders what its golden file says", async () => {
    await expect(toGolden(desiredObjects(input))).toMatchFileSnapshot(join(goldenDir, `${name}.yaml`));
  });

  test("its pods are allowed by the restricted profile", () => {
    const { template } = findDeployment(name).spec;
    expect(findRestrictedViolations(template.spec ?? { containers: [] }, template.metadata?.annotations)).toEqual([]);
  });
});

test("the check of the profile finds what it looks for", () => {
  const pod = { hostNetwork: true, containers: [{ name: "a" }], volumes: [{ name: "v", hostPath: { path: "/" } }] };
  expect(findRestrictedViolations(pod)).toEqual([
    "Host Namespaces",
    "Volume Types",
    "Privilege Escalation",
    "Running as Non-root",
    "Seccomp",
    "Capabilities",
    "Read-only root",
  ]);
});

const findDeployment = (name: string): Deployment => {
  const input = cases[name];
  const found = input && desiredObjects(input).find(({ kind }) => kind === "Deployment");
  if (!found) throw new Error(`unable to find the Deployment; ${name} has none`);
  return found as Deployment;
};
