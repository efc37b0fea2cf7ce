import { createRequire } from "node:module";
import { expect, test } from "vitest";
import operator from "../../package.json" with { type: "json" };

const requireHere = createRequire(import.meta.url);

/** `>=22.19.0` as a number of the same order. */
const toNumber = (range: string): number =>
  range
    .replace(/[^\d.]/g, "")
    .split(".")
    .reduce((number, part) => number * 1000 + Number(part), 0);

test("E1: the operator asks for a Node that its HTTP client runs on, and runs on one", () => {
  const undici = requireHere("undici/package.json") as { readonly engines: { readonly node: string } };
  expect(toNumber(operator.engines.node)).toBeGreaterThanOrEqual(toNumber(undici.engines.node));
  expect(toNumber(process.version)).toBeGreaterThanOrEqual(toNumber(operator.engines.node));
});
