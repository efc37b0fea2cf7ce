import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestBoundLogin } from "../../scripts/testing/dedicated-gateway.ts";
import { createTestBoundLogin } from "../../scripts/testing/dedicated-gateway.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { plantMessages, plantParticipants } from "../../scripts/testing/plant-crowd.ts";
import type { PlanMode } from "../../scripts/testing/query-plan.ts";
import { explainQuery } from "../../scripts/testing/query-plan.ts";
import { seedRoom } from "../../scripts/testing/seed-room.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import type { Db, Query } from "../src/store/db.ts";
import { readMissed, readRoomLog } from "../src/store/log.ts";
import { writeMessages } from "../src/store/message-writer.ts";
import { listRoomHeadsOf } from "../src/store/rooms.ts";
import { listUsers } from "../src/store/users.ts";

// That a login is bound to its tenant costs a look for each table of a statement, and changes nothing else about how it is done.

let gateway: TestGateway;
let login: TestBoundLogin;
let roomId: string;
beforeAll(async () => {
  gateway = await startTestGateway();
  ({ roomId } = await seedRoom(gateway.a.api, { people: ["ann", "bo"], externalId: "r" }));
  await plantParticipants(gateway.database.adminUrl, roomId, 2000);
  await plantMessages(gateway.database.adminUrl, roomId, "ann", 3000);
  login = await createTestBoundLogin(gateway, "a");
});
afterAll(async () => {
  await login[Symbol.asyncDispose]();
  await gateway[Symbol.asyncDispose]();
});

const toMessage = () => ({
  messageId: randomUUID(),
  roomId,
  senderId: "ann",
  clientMessageId: randomUUID(),
  parts: [{ type: "text" as const, text: "hello" }],
  previewText: "hello",
  parentMessageId: undefined,
  byBackend: false,
});
const works: Readonly<Record<string, (db: Db) => Promise<unknown>>> = {
  "writing messages": (db) => writeMessages(db, "a", Array.from({ length: 32 }, toMessage)),
  "a room's log": (db) => readRoomLog(db, "a", roomId, 2000, 200),
  "what a user missed": (db) => readMissed(db, "a", "ann", [[roomId, 2900]], 100),
  "a user's rooms": (db) => listRoomHeadsOf(db, "a", "ann", 100),
  "a page of users": (db) => listUsers(db, "a", { after: "bo", limit: 30 }),
};

/** The statements that a function of the store sends. */
const statementsOf = async (work: (db: Db) => Promise<unknown>): Promise<readonly Query[]> => {
  const sent: Query[] = [];
  const testDb = {
    query: async (_tenantId: string, statement: Query["statement"], values: Query["values"]) => {
      sent.push({ statement, values });
      return [];
    },
    batch: async (_tenantId: string, queries: readonly Query[]) => {
      sent.push(...queries);
      return queries.map(() => []);
    },
  };
  await work(testDb as unknown as Db);
  return sent;
};

interface PlanNode {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Index Name"?: string;
  readonly "Index Cond"?: string;
  readonly "Actual Loops": number;
  readonly Plans?: readonly PlanNode[];
}

/** How a plan gets at the rows of tables: by which index, and by what of it. */
const accessesOf = (node: PlanNode): string[] => {
  const { "Node Type": type, "Relation Name": table, "Index Name": index, "Index Cond": condition } = node;
  const place = index ?? table ?? "gateway_logins";
  const here = place.startsWith("gateway_logins") ? [] : [`${type} ${place} ${condition ?? ""}`];
  return [...here, ...(node.Plans ?? []).flatMap(accessesOf)];
};
/** How often each look at who is bound was taken. */
const looksOf = (node: PlanNode): number[] => [
  ...(node["Relation Name"] === "gateway_logins" ? [node["Actual Loops"]] : []),
  ...(node.Plans ?? []).flatMap(looksOf),
];

describe.each([
  ["before statistics know the tables", ""],
  ["when they do", "analyze"],
])("§6 the plans of a bound login, %s", (_when, prepare) => {
  beforeAll(async () => {
    if (prepare !== "") await runOn(gateway.database.adminUrl, prepare);
  });

  test.each(Object.keys(works))("%s", async (what) => {
    const statements = await statementsOf(works[what] ?? (() => Promise.resolve()));
    expect(statements).not.toEqual([]);
    for (const query of statements) {
      for (const mode of ["custom", "generic"] as const satisfies readonly PlanMode[]) {
        const [shared, bound] = await Promise.all(
          [gateway.database.gatewayUrl, login.databaseUrl].map(
            async (url) => JSON.parse((await explainQuery(url, "a", query, mode)).text) as PlanNode,
          ),
        );
        if (!shared || !bound) throw new Error("unable to compare; a plan is missing");
        expect(accessesOf(bound)).toEqual(accessesOf(shared));
        // For a statement, and not for every row.
        expect(Math.max(...looksOf(bound))).toBe(1);
        expect(looksOf(shared)).toEqual([]);
      }
    }
  });
});
