import * as fc from "fast-check";
import { expect, test } from "vitest";
import { desiredObjects } from "../../src/desired/desired-objects.ts";
import { keepAsLive } from "../../src/desired/keep-as-live.ts";
import { findDifference, sameAsWanted } from "../../src/desired/same-as-wanted.ts";
import type { KubeObject } from "../../src/kube/kube-object.ts";
import { createKeptOtherwise } from "../../src/reconcile/kept-otherwise.ts";
import { cases } from "./cases.ts";
import { findPaths, readAt, without, withValue } from "./mutate-object.ts";

const objects = Object.values(cases).flatMap((input) => desiredObjects(input));

/** An object, and the same after somebody has changed or removed some of its fields. */
const rewritten = fc
  .record({
    object: fc.constantFrom(...objects),
    picks: fc.array(fc.record({ at: fc.nat(), remove: fc.boolean() }), { minLength: 1, maxLength: 4 }),
  })
  .map(({ object, picks }) => {
    let live = object;
    for (const { at, remove } of picks) {
      const paths = findPaths(live).filter(([first]) => first === "spec" || first === "data");
      const path = paths[at % Math.max(1, paths.length)];
      if (path) live = remove ? without(live, path) : withValue(live, path, "rewritten");
    }
    return { object, live };
  });

test("an object that admission has rewritten is what was wanted, once it is kept so", () => {
  fc.assert(
    fc.property(rewritten, ({ object, live }) => {
      expect(findDifference(live, keepAsLive(object, live))).toBeUndefined();
    }),
  );
});

test("and any later change of what is left of it is seen", () => {
  fc.assert(
    fc.property(rewritten, fc.nat(), ({ object, live }, at) => {
      const kept = keepAsLive(object, live);
      const paths = findPaths(kept).filter(([first]) => first === "spec" || first === "data");
      const path = paths[at % Math.max(1, paths.length)];
      // What was rewritten to an empty list of several owners' items asks for nothing any more.
      fc.pre(path !== undefined && readAt(kept, path) !== "rewritten" && !Array.isArray(readAt(kept, path)));
      expect(sameAsWanted(withValue(kept, path ?? [], "another"), kept)).toBe(false);
    }),
  );
});

test("what is kept as it was wanted stays so", () => {
  for (const object of objects) expect(keepAsLive(object, object)).toEqual(object);
});

test("only what is kept otherwise is remembered, and only for the same wish", () => {
  const kept = createKeptOtherwise();
  const [wanted] = objects;
  if (!wanted) throw new Error("unable to test; there is no object");
  expect(kept.note(wanted, wanted)).toBeUndefined();
  expect(kept.toExpected(wanted)).toBe(wanted);
  const rewrittenOne = { ...wanted, automountServiceAccountToken: true } as KubeObject;
  expect(kept.note(wanted, rewrittenOne)).toBe("automountServiceAccountToken");
  expect(sameAsWanted(rewrittenOne, kept.toExpected(wanted))).toBe(true);
  expect(sameAsWanted(wanted, kept.toExpected(wanted))).toBe(false);
  const another = { ...wanted, imagePullSecrets: [{ name: "a" }] } as KubeObject;
  expect(kept.toExpected(another)).toBe(another);
  kept.note(wanted, wanted);
  expect(kept.toExpected(wanted)).toBe(wanted);
});
