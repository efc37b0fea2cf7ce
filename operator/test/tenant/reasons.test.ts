import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ownedAnnotations, tenantAnnotations, tenantFinalizer } from "../../src/tenant/annotations.ts";
import { commonReasons, conditions } from "../../src/tenant/conditions.ts";
import type { ConditionUpdate } from "../../src/tenant/conditions.ts";
import { events } from "../../src/tenant/events.ts";
import type { ConditionDocs, Reason } from "../../src/tenant/reasons/reason.ts";

const srcDir = join(import.meta.dirname, "../../src");
const names = (await readdir(srcDir, { recursive: true })).filter((name) => name.endsWith(".ts"));
const texts = await Promise.all(names.map((name) => readFile(join(srcDir, name), "utf8")));
const all = texts.join("\n");
/** Everything but the tables themselves. */
const source = texts
  .filter((_, index) => !/^tenant\/(reasons|conditions|events|annotations)/.test(names[index] ?? ""))
  .join("\n");

const reasons: readonly (readonly [string, Reason])[] = [
  ...Object.entries<ConditionDocs>(conditions).flatMap(([, { reasons: own }]) => Object.entries(own)),
  ...Object.entries<Reason>(commonReasons),
];
const isSentence = (text: string): boolean => /^[A-Z`].+\.$/s.test(text);

describe("what conditions and events say (5.3 docs)", () => {
  test("every reason tells what it means and what to do", () => {
    expect(reasons.length).toBeGreaterThan(30);
    expect(reasons.filter(([, { meaning, advice }]) => !isSentence(meaning) || !isSentence(advice))).toEqual([]);
    const told = Object.entries(events).filter(
      ([, { meaning, advice }]) => !isSentence(meaning) || !isSentence(advice),
    );
    expect(told).toEqual([]);
  });

  test("every documented reason of a condition is given by the code", () => {
    const never = reasons.map(([reason]) => reason).filter((reason) => !source.includes(`"${reason}"`));
    expect(never).toEqual([]);
  });

  test("every documented event is written by the code", () => {
    const written = (reason: string): boolean => {
      const [, what = "", happened = ""] = /^(\w+?)(Rotated|Revoked|Lost)$/.exec(reason) ?? [];
      return source.includes(`"${reason}"`) || (source.includes(`"${what}"`) && source.includes(`}${happened}\``));
    };
    expect(Object.keys(events).filter((reason) => !written(reason))).toEqual([]);
  });

  test("no reason has two meanings: one that a condition has is not one of all", () => {
    const own = Object.values<ConditionDocs>(conditions).flatMap(({ reasons: some }) => Object.keys(some));
    expect(own.filter((reason) => reason in commonReasons)).toEqual([]);
  });

  test("a reason that is not documented does not compile", () => {
    const known: ConditionUpdate<"Exposed"> = { type: "Exposed", status: "True", reason: "Exposed", message: "" };
    // @ts-expect-error -- It is no reason of this condition.
    const unknown: ConditionUpdate<"Exposed"> = { ...known, reason: "Bound" };
    // @ts-expect-error -- It is no reason at all.
    const made: ConditionUpdate = { ...known, reason: "Somehow" };
    expect([unknown.reason, made.reason]).toEqual(["Bound", "Somehow"]);
  });

  test("every annotation and finalizer of ours is documented", () => {
    const found = new Set(all.match(/(?<=")chat\.sendsar\.com\/[a-z][a-z-]*(?=")/g) ?? []);
    expect(found.size).toBeGreaterThan(8);
    const known = new Set([...Object.keys(tenantAnnotations), ...Object.keys(ownedAnnotations), tenantFinalizer]);
    // Who reports an event, and not an annotation.
    expect([...found].filter((name) => !known.has(name) && name !== "chat.sendsar.com/operator")).toEqual([]);
  });
});
