import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createPresenceView } from "../src/realtime/presence/view.ts";

type Step =
  | { readonly do: "set"; readonly source: string; readonly entry: readonly [string, string]; readonly here: boolean }
  | { readonly do: "replace"; readonly source: string; readonly entries: readonly (readonly [string, string])[] }
  | { readonly do: "drop"; readonly source: string };

const source = fc.constantFrom("one", "two", "three");
const entry = fc.tuple(fc.constantFrom("t", "t/r", "u"), fc.constantFrom("ann", "bo", "cy"));
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant("set" as const), source, entry, here: fc.boolean() }),
    fc.record({ do: fc.constant("replace" as const), source, entries: fc.array(entry, { maxLength: 6 }) }),
    fc.record({ do: fc.constant("drop" as const), source }),
  ),
  { maxLength: 40, size: "max" },
);

test("a user is somewhere while a source says so; each coming and going is told once, and nobody who stays is seen to go", () => {
  fc.assert(
    fc.property(steps, (all) => {
      const told: string[] = [];
      const view = createPresenceView((place, userId, here) => told.push(`${here ? "+" : "-"}${place} ${userId}`));
      const said = new Map<string, Set<string>>();
      const everywhere = (): Set<string> => new Set([...said.values()].flatMap((keys) => [...keys]));
      for (const step of all) {
        const before = everywhere();
        told.length = 0;
        const keys = new Set(said.get(step.source));
        if (step.do === "set") {
          const key = step.entry.join(" ");
          if (step.here) keys.add(key);
          else keys.delete(key);
          said.set(step.source, keys);
          view.set(step.source, ...step.entry, step.here);
        } else if (step.do === "replace") {
          said.set(step.source, new Set(step.entries.map((one) => one.join(" "))));
          view.replace(step.source, step.entries);
        } else {
          said.delete(step.source);
          view.drop(step.source);
        }
        const after = everywhere();
        const changes = [
          ...[...after].filter((key) => !before.has(key)).map((key) => `+${key}`),
          ...[...before].filter((key) => !after.has(key)).map((key) => `-${key}`),
        ];
        expect(told.toSorted()).toEqual(changes.toSorted());
        for (const place of ["t", "t/r", "u"]) {
          const users = [...after]
            .filter((key) => key.startsWith(`${place} `))
            .map((key) => key.slice(place.length + 1));
          expect([...view.usersIn(place)].toSorted()).toEqual(users.toSorted());
          for (const userId of ["ann", "bo", "cy"]) expect(view.has(place, userId)).toBe(users.includes(userId));
        }
      }
    }),
    { numRuns: 300 },
  );
});
