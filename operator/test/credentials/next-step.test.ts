import { expect, test } from "vitest";
import type { Held, RotationInput } from "../../src/reconcile/rotation/next-step.ts";
import { nextStep, retiringMax } from "../../src/reconcile/rotation/next-step.ts";

const day = 86_400;
const start = Date.parse("2030-01-01T00:00:00Z");
const at = (seconds: number): string => new Date(start + seconds * 1000).toISOString();

const inForce = (id: string, createdAt = 0) => ({ id, createdAt: at(createdAt) });
const retiring = (id: string, end: number) => ({ id, createdAt: at(0), expiresAt: at(end) });

const input = (held: Held, changes: Partial<RotationInput> = {}): RotationInput => ({
  held,
  rows: [],
  policy: { overlapSeconds: day },
  tokenChanged: false,
  databaseTime: at(10),
  ...changes,
});

const pending = (id: string, wellFormed = true) => ({ pending: { id, wellFormed } });
const current = { currentId: "a", statedId: "a" };

/** The rows of the database for each column of the table in SPEC.md. */
const columns = {
  none: { held: {}, rows: [] },
  unknown: { held: current, rows: [] },
  "in force": { held: current, rows: [inForce("a")] },
  ended: { held: current, rows: [retiring("a", 50)] },
};

test("RO3 RO9 what is pending is finished, or dropped when it cannot come into force", () => {
  for (const { held, rows } of Object.values(columns)) {
    const step = (more: Held, moreRows: RotationInput["rows"] = []) =>
      nextStep(input({ ...held, ...more }, { rows: [...rows, ...moreRows] })).do;
    expect(step(pending("b", false))).toBe("drop-pending");
    expect(step(pending("b"))).toBe("insert");
    expect(step(pending("b"), [inForce("b")])).toBe("promote");
    expect(step(pending("b"), [retiring("b", 50)])).toBe("drop-pending");
    expect(step(pending("b"), [retiring("b", 5)])).toBe("drop-pending");
  }
  expect(nextStep(input({ ...current, ...pending("a") }, { rows: [inForce("a")] })).do).toBe("drop-pending");
});

test("RO7 RO8 RO9 a new one is begun when the current one is not there, was changed, is not known, or has an end", () => {
  const begun = (held: Held, rows: RotationInput["rows"]) => nextStep(input(held, { rows }));
  expect(begun({}, [])).toEqual({ do: "write-pending", cause: "created" });
  expect(begun({}, [inForce("a")])).toEqual({ do: "write-pending", cause: "secret-lost" });
  expect(begun({ currentId: "x", statedId: "a" }, [inForce("a")])).toEqual({ do: "write-pending", cause: "altered" });
  expect(begun(current, [inForce("z")])).toEqual({ do: "write-pending", cause: "unknown" });
  expect(begun(current, [retiring("a", 50), inForce("z")])).toEqual({ do: "write-pending", cause: "replaced" });
});

test("RO1 RO4 with the current one in force: others get their end, then what is over goes, then what is due begins", () => {
  const rows = [inForce("a"), inForce("old"), retiring("over", 9)];
  const due = { policy: { overlapSeconds: day, rotateEverySeconds: 5 }, tokenChanged: true };
  expect(nextStep(input(current, { ...due, rows }))).toEqual({
    do: "expire-others",
    keepId: "a",
    overlapSeconds: day,
  });
  expect(nextStep(input(current, { ...due, rows: [inForce("a"), retiring("over", 9)] }))).toEqual({
    do: "remove-expired",
  });
  expect(nextStep(input(current, { ...due, rows: [inForce("a")] }))).toEqual({ do: "write-pending", cause: "token" });
});

test("RO5 age is counted from the row's creation by the database's clock; until then the nearest moment is waited for", () => {
  const policy = { overlapSeconds: 60, rotateEverySeconds: 100 };
  const step = (seconds: number, rows = [inForce("a", 0)]) =>
    nextStep(input(current, { policy, rows, databaseTime: at(seconds) }));
  expect(step(100)).toEqual({ do: "write-pending", cause: "age" });
  expect(step(99)).toEqual({ do: "nothing", afterMs: 1001 });
  expect(step(10, [inForce("a", 0), retiring("b", 40)])).toEqual({ do: "nothing", afterMs: 30_001 });
  expect(nextStep(input(current, { rows: [inForce("a")] }))).toEqual({ do: "nothing" });
});

test("RO11 what ends in this very moment is not taken for over", () => {
  const rows = [inForce("a"), retiring("b", 10)];
  expect(nextStep(input(current, { rows, databaseTime: at(10) }))).toEqual({ do: "nothing", afterMs: 1 });
  expect(nextStep(input(current, { rows, databaseTime: at(10.001) }))).toEqual({ do: "remove-expired" });
});

test("RO10 with as many retiring ones as may be, what is asked for and what is needed wait for the first to end", () => {
  const many = Array.from({ length: retiringMax }, (_, index) => retiring(`old${index}`, 100 + index));
  const asked = input(current, { rows: [inForce("a"), ...many], tokenChanged: true });
  expect(nextStep(asked)).toEqual({ do: "nothing", afterMs: 90_001 });
  const needed = input({}, { rows: [inForce("a"), ...many] });
  expect(nextStep(needed)).toEqual({ do: "wait", cause: "secret-lost", afterMs: 90_001 });
  expect(nextStep({ ...needed, rows: [inForce("a"), ...many.slice(1)] }).do).toBe("write-pending");
});
