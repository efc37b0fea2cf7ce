import { afterAll, beforeAll, expect, test } from "vitest";
import { createUserClient } from "../../scripts/testing/client.ts";
import type { Wire } from "../../scripts/testing/client.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import type { TwoGateways } from "../../scripts/testing/published-scene.ts";
import { startTwoGateways } from "../../scripts/testing/published-scene.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import { createTestRoom, createTestUser } from "../../scripts/testing/test-user.ts";

let gateways: TwoGateways;
beforeAll(async () => {
  gateways = await startTwoGateways();
});
afterAll(() => gateways[Symbol.asyncDispose]());

const races = 1000;
const atOnce = 20;

test(
  "D17 a member is removed and sends at the same instant, at two gateways: stored before the removal, or refused",
  { timeout: 120_000 },
  async () => {
    const { one, two } = gateways;
    const leaving = await createTestUser(one, one.a);
    const there = createUserClient(two.url, leaving.token);
    const outcomes = { stored: 0, refused: 0 };
    const race = async (n: number): Promise<void> => {
      const { id: roomId } = await createTestRoom(one.a, [{ id: "owner" }, leaving]);
      const send = () => there.post(`/chat/rooms/${roomId}/messages`, { parts: [{ type: "text", text: `race ${n}` }] });
      const remove = () => one.a.api.call("DELETE", `/chat/rooms/${roomId}/participants/${leaving.id}`);
      const [sent, removed] = await Promise.all(n % 2 ? [send(), remove()] : [remove(), send()].toReversed());
      expect(removed?.status).toBe(200);
      const events = await runOn<{ seq: number; type: string }>(
        one.database.adminUrl,
        `select seq::int, type from sendsar.events where tenant_id = 'a' and room_id = '${roomId}' order by seq`,
      );
      const removal = events.findLast(({ type }) => type === "participants.changed")?.seq ?? 0;
      const page = await one.a.api.get(`/chat/rooms/${roomId}/messages`);
      const own = page.body.messages.filter(({ parts }: Wire) => parts[0]?.type === "text");
      if (sent?.status === 201) {
        outcomes.stored++;
        expect(own.map(({ id }: Wire) => id)).toEqual([sent.body.id]);
        expect(sent.body.seq).toBeLessThan(removal);
      } else {
        outcomes.refused++;
        expectRefusal(sent as NonNullable<typeof sent>, "room_not_found");
        expect(own).toEqual([]);
      }
    };
    for (let n = 0; n < races; n += atOnce) await Promise.all(Array.from({ length: atOnce }, (_, k) => race(n + k)));
    // Otherwise there was no race.
    expect(outcomes.stored + outcomes.refused).toBe(races);
    expect(Math.min(outcomes.stored, outcomes.refused)).toBeGreaterThan(0);
    expect([...loggedFailures(one), ...loggedFailures(two)]).toEqual([]);
  },
);
