import { expect, test } from "vitest";
import { toSuccessorId } from "../../src/reconcile/rotation/credential-id.ts";
import type { SessionInput } from "../../src/reconcile/rotation/next-session-step.ts";
import { isServed, nextSessionStep } from "../../src/reconcile/rotation/next-session-step.ts";

const at = (seconds: number): string => new Date(Date.parse("2030-01-01T00:00:00Z") + seconds * 1000).toISOString();
const key = (id: string, createdAt: number, end?: number) => ({
  id,
  createdAt: at(createdAt),
  ...(end !== undefined && { expiresAt: at(end) }),
});

const input = (changes: Partial<SessionInput> = {}): SessionInput => ({
  rows: [key("a", 0)],
  policy: { overlapSeconds: 60 },
  tokenChanged: false,
  rotationToken: "",
  tenantId: "acme",
  databaseTime: at(10),
  ...changes,
});

test("SK1 there is always one in force, and every other gets its end", () => {
  expect(nextSessionStep(input({ rows: [] }))).toEqual({ do: "insert", id: toSuccessorId("acme", "") });
  expect(nextSessionStep(input({ rows: [key("a", 0, 50)] }))).toEqual({ do: "insert", id: toSuccessorId("a", "") });
  expect(nextSessionStep(input({ rows: [key("a", 0), key("b", 5)] }))).toEqual({
    do: "expire-others",
    keepId: "b",
    overlapSeconds: 60,
  });
  expect(nextSessionStep(input())).toEqual({ do: "nothing" });
});

test("SK2 a changed token asks for one successor, also when the visit ended before the status told of it", () => {
  const changed = input({ tokenChanged: true, rotationToken: "1" });
  const id = toSuccessorId("a", "1");
  expect(nextSessionStep(changed)).toEqual({ do: "insert", id });
  const after = { ...changed, rows: [key("a", 0, 70), key(id, 10)] };
  expect(isServed(after)).toBe(true);
  expect(nextSessionStep(after)).toEqual({ do: "nothing", afterMs: 60_001 });
  // Another token afterwards is another request, also one that was there before.
  const next = { ...after, rotationToken: "2" };
  expect(isServed(next)).toBe(false);
  expect(nextSessionStep(next)).toEqual({ do: "insert", id: toSuccessorId(id, "2") });
});

test("SK2 age asks for a successor by the database's clock", () => {
  const old = input({ policy: { overlapSeconds: 60, rotateEverySeconds: 10 } });
  expect(nextSessionStep(old)).toEqual({ do: "insert", id: toSuccessorId("a", "") });
  expect(nextSessionStep({ ...old, databaseTime: at(9) })).toEqual({ do: "nothing", afterMs: 1001 });
});
