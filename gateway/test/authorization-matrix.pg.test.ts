import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { upEvents } from "@sendsar/protocol/events/up";
import type { EndpointId } from "@sendsar/protocol/endpoints";
import { endpoints } from "@sendsar/protocol/endpoints";
import { API_PREFIX } from "@sendsar/protocol/version";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { handlers } from "../src/realtime/handlers.ts";
import type { Matrix } from "./matrix/matrix.ts";
import { openMatrix } from "./matrix/matrix.ts";
import { actorNames, canary, refusals } from "./matrix/actors.ts";
import type { RefusedActor } from "./matrix/actors.ts";
import type { Caller } from "./matrix/expectations.ts";
import { callers, endpointExpectations, eventExpectations, openRoutes, readRow } from "./matrix/expectations.ts";
import { createPlace, endpointIds, removePlace, unknownPlace } from "./matrix/places.ts";

// Every route x every actor: what the table says, and nothing else. The sockets' half is in
// authorization-matrix-sockets.pg.test.ts. Cells take turns on two gateways over one database.

let matrix: Matrix;
beforeAll(async () => {
  matrix = await openMatrix();
});
afterAll(() => matrix[Symbol.asyncDispose]());

const rows = endpointIds.map((id) => [id, readRow(endpointExpectations[id], callers)] as const);

/** Cells of an endpoint whose expectation is one of these. */
const cellsOf = (id: EndpointId, wanted: readonly string[]): Caller[] =>
  [...readRow(endpointExpectations[id], callers)].flatMap(([caller, word]) => (wanted.includes(word) ? [caller] : []));

describe("A03 D01 the table is complete", () => {
  test("every route that the gateways have, by Fastify's own account, is in the contract or named as open", () => {
    const ofContract = Object.values(endpoints).map(({ method, path }) => `${method} ${API_PREFIX}${path}`);
    const found = new Set(matrix.routes.map(({ method, path }) => `${method} ${path}`));
    expect([...found].toSorted()).toEqual([...ofContract, ...openRoutes].toSorted());
    expect(Object.keys(endpointExpectations).toSorted()).toEqual([...endpointIds].toSorted());
  });

  test("every socket event that is served is in the contract and in the table", () => {
    expect(Object.keys(handlers).toSorted()).toEqual(Object.keys(upEvents).toSorted());
    expect(Object.keys(eventExpectations).toSorted()).toEqual(Object.keys(upEvents).toSorted());
  });

  test("every actor of the fixture is in it, and each row has a word for each caller", () => {
    expect([...matrix.actors.keys()].toSorted()).toEqual([...actorNames].toSorted());
    expect(rows).toHaveLength(endpointIds.length);
  });

  test("a cell that writes one row where none may be written is seen", async () => {
    const write = async (): Promise<void> => void (await matrix.ask("keyA", "updateUser", matrix.place));
    await expect(matrix.requireUnchanged("a", write)).rejects.toThrow("to be");
    await expect(matrix.requireNothingChanged((cell) => cell("keyA", write))).rejects.toThrow("to deeply equal");
    await matrix.requireUnchanged("b", write);
  });
});

/** What 403s are called. */
const codes = {
  key: "api_key_required",
  session: "session_required",
  operator: "operator_required",
  author: "author_required",
} as const;

describe("A01 A02 A10 B01 B03 B06 B07 B12 whoever may not: one refusal each, and nothing happens", () => {
  test.each(endpointIds)("%s", async (id) => {
    const { place } = matrix;
    await matrix.requireNothingChanged(async (cell) => {
      for (const name of Object.keys(refusals) as RefusedActor[]) {
        await cell(name, async () => expectRefusal(await matrix.ask(name, id, place), refusals[name]));
      }
      for (const [caller, word] of readRow(endpointExpectations[id], callers)) {
        if (word in codes) {
          const code = codes[word as keyof typeof codes];
          await cell(caller, async () => expectRefusal(await matrix.ask(caller, id, place), code));
        }
      }
    });
  });
});

describe("A03 B08 D01 D02 E01 what is not the actor's: as ids that nobody has, and nothing happens", () => {
  test.each(endpointIds)("%s", async (id) => {
    await matrix.requireNothingChanged(async (cell) => {
      for (const caller of cellsOf(id, ["hidden", "same"])) {
        await cell(caller, async () => {
          const real = await matrix.ask(caller, id, matrix.place);
          const random = await matrix.ask(caller, id, unknownPlace());
          expect(real.bytes).toBe(random.bytes);
          expect(real.status).toBe(cellsOf(id, ["hidden"]).includes(caller) ? 404 : 200);
          expect(real.bytes).not.toContain("canary");
        });
      }
    });
  });
});

describe("A03 A15 A16 what is the actor's own: done, and nothing of a is shown to b, nor of RA to who is not in it", () => {
  test.each(endpointIds)("%s", async (id) => {
    for (const caller of cellsOf(id, ["own"])) {
      const actor = matrix.actorOf(caller);
      // Whom b's own backend may have deleted a cell ago.
      await matrix.apis.b.post("/users", { id: matrix.place.otherUserId, username: "Other" });
      const act = async (): Promise<void> => {
        const { status, bytes } = await matrix.ask(caller, id, matrix.place);
        expect([caller, status, bytes]).toEqual([
          caller,
          expect.toSatisfy((code) => code === 200 || code === 201),
          bytes,
        ]);
        expect(bytes).not.toContain(canary.room);
        if (actor.tenantId === "b") expect(bytes).not.toContain(canary.tenant);
      };
      if (actor.tenantId === "b") await matrix.requireUnchanged("a", act);
      else await matrix.requireUnchanged("b", act);
    }
  });
});

describe("A04 whoever may: done, in a alone", () => {
  test.each(endpointIds)("%s", async (id) => {
    for (const caller of cellsOf(id, ["ok"])) {
      const place = await createPlace(matrix.apis);
      await matrix.requireUnchanged("b", async () => {
        const { status, bytes } = await matrix.ask(caller, id, place);
        expect([caller, status, bytes]).toEqual([
          caller,
          expect.toSatisfy((code) => code === 200 || code === 201),
          bytes,
        ]);
      });
      await removePlace(matrix.apis, place);
    }
  });
});

describe("A05 C25 open routes", () => {
  test.each(openRoutes)("%s answers everybody alike", async (route) => {
    const answers = new Map<string, string>();
    for (const name of actorNames) answers.set(name, await matrix.askOpen(name, route));
    expect(new Set(answers.values()).size, [...answers].join("\n")).toBe(1);
    expect(answers.get("none")).not.toMatch(/^5|canary/);
  });
});

test("K02 after all of it no log has a secret, and nothing failed", () => {
  matrix.requireQuietLogs();
});
