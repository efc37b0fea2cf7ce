import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestClient } from "../../scripts/testing/client.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";
import { TenantNotFoundError } from "../src/provisioning/provisioner.ts";

// The recount that an operator can ask for: it counts from the messages alone, so whatever is wrong shows.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

/** A room in a tenant of its own: one of two has sent five messages, the other one has read two of them. */
const createPlace = async (tenantId: string) => {
  const { apiKey } = await gateway.provisioner.createTenant({ tenantId });
  const tenant = { api: createTestClient(gateway.url, { "x-api-key": apiKey }) };
  const [sender, reader] = [
    await createTestUser(gateway, tenant, "sender"),
    await createTestUser(gateway, tenant, "reader"),
  ];
  const { id: roomId } = await createTestRoom(tenant, [sender, reader]);
  const ids: string[] = [];
  for (let n = 0; n < 5; n++) ids.push((await sender.send(roomId, `m${n}`)).body.id);
  await reader.client.post(`/chat/rooms/${roomId}/read`, { lastReadMessageId: ids[1] });
  return { tenantId, tenant, roomId: roomId as string, sender, reader };
};

/** Changes a tenant's rows as nothing but a mistake would. */
const breakRows = (tenantId: string, update: string): Promise<unknown> =>
  runOn(gateway.database.adminUrl, `${update} tenant_id = ${pg.escapeLiteral(tenantId)}`);

test("a tenant whose counters are right has no differences, and stays as it is", async () => {
  const { tenantId } = await createPlace("right");
  await requireUnchanged(gateway.database.adminUrl, [tenantId], async () => {
    expect(await gateway.provisioner.verifyUnread(tenantId)).toEqual({ participants: 2, wrong: 0, differences: [] });
  });
  await gateway.provisioner.createTenant({ tenantId: "empty" });
  expect(await gateway.provisioner.verifyUnread("empty")).toEqual({ participants: 0, wrong: 0, differences: [] });
});

test.each([
  {
    what: "the count at a pointer",
    update: "update sendsar.participants set last_read_count = last_read_count - 1 where user_id = 'reader' and",
    differences: [{ userId: "reader", counted: 4, expected: 3 }],
  },
  {
    what: "the place of a pointer",
    update: "update sendsar.participants set last_read_seq = last_read_seq + 1 where user_id = 'reader' and",
    differences: [{ userId: "reader", counted: 3, expected: 2 }],
  },
  {
    what: "the count of a room",
    update: "update sendsar.rooms set message_count = message_count + 2 where",
    differences: [
      { userId: "reader", counted: 5, expected: 3 },
      { userId: "sender", counted: 2, expected: 0 },
    ],
  },
  {
    what: "a history that is cleared and not read",
    update: "update sendsar.participants set cleared_seq = last_read_seq + 2 where user_id = 'reader' and",
    differences: [{ userId: "reader", counted: 3, expected: 1 }],
  },
  {
    what: "a message of one's own after one's pointer",
    update: "update sendsar.messages set sender_id = 'reader' where preview_text = 'm4' and",
    differences: [{ userId: "reader", counted: 3, expected: 2 }],
  },
])("finds $what wrong", async ({ what, update, differences }) => {
  const { tenantId, roomId } = await createPlace(`wrong-${what.replaceAll(/\W/g, "-")}`);
  await breakRows(tenantId, update);
  expect(await gateway.provisioner.verifyUnread(tenantId)).toEqual({
    participants: 2,
    wrong: differences.length,
    differences: differences.map((difference) => ({ roomId, ...difference })),
  });
});

test("goes through all rooms, in steps, and knows one tenant only", async () => {
  const [place, other] = [await createPlace("many"), await createPlace("other")];
  await breakRows(other.tenantId, "update sendsar.rooms set message_count = message_count + 1 where");
  // Counted as large as this, each takes a step of its own.
  const rooms: string[] = [place.roomId];
  for (let n = 0; n < 3; n++) rooms.push((await createTestRoom(place.tenant, [place.sender, place.reader])).id);
  await breakRows(place.tenantId, "update sendsar.rooms set last_seq = last_seq + 90000, message_count = 9 where");
  const { participants, wrong, differences } = await gateway.provisioner.verifyUnread(place.tenantId);
  expect({ participants, wrong }).toEqual({ participants: 8, wrong: 8 });
  expect([...new Set(differences.map(({ roomId }) => roomId))]).toEqual(rooms.toSorted());
});

test("a tenant that is not there is refused", async () => {
  const refused = gateway.provisioner.verifyUnread("nobody");
  await expect(refused).rejects.toThrow(TenantNotFoundError);
  await expect(refused).rejects.toThrow("unable to recount the unread messages of tenant nobody; there is none");
});

const run = promisify(execFile);
const cli = (tenantId: string) =>
  run(
    process.execPath,
    [fileURLToPath(new URL("../src/cli.ts", import.meta.url)), "tenants", "verify-unread", tenantId],
    {
      env: { ADMIN_DATABASE_URL: gateway.database.adminUrl, MASTER_KEY: gateway.masterKey },
    },
  );

test("tenants verify-unread prints what it found, and fails where something is wrong", async () => {
  const { tenantId, roomId } = await createPlace("by-hand");
  const right = await cli(tenantId);
  expect(JSON.parse(right.stdout)).toEqual({ tenantId, participants: 2, wrong: 0, differences: [] });
  await breakRows(tenantId, "update sendsar.participants set last_read_count = 5 where user_id = 'reader' and");
  const wrong = {
    tenantId,
    participants: 2,
    wrong: 1,
    differences: [{ roomId, userId: "reader", counted: 0, expected: 3 }],
  };
  await expect(cli(tenantId)).rejects.toMatchObject({ code: 1, stderr: "" });
  const { stdout } = await cli(tenantId).catch((error: { stdout: string }) => error);
  expect(JSON.parse(stdout)).toEqual(wrong);
  await expect(cli("nobody")).rejects.toMatchObject({
    code: 1,
    stderr: "unable to recount the unread messages of tenant nobody; there is none\n",
  });
});
