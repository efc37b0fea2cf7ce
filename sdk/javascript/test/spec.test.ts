import { expect, test } from "vitest";
import { readRuleIds, readTestedIds } from "./spec-page.ts";

test("every rule of SPEC.md has a test, and every id in a test's title is a rule", async () => {
  const rules = await readRuleIds();
  expect(rules.length).toBeGreaterThan(40);
  expect(new Set(rules).size).toBe(rules.length);
  expect([...new Set(await readTestedIds())].sort()).toEqual([...rules].sort());
});
