import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { limits } from "@sendsar/protocol/limits";
import { reservedSettingKeys } from "@sendsar/protocol/objects/settings";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import { createTestUser } from "../../scripts/testing/test-user.ts";
import { requireUnchanged } from "../../scripts/testing/tenant-rows.ts";

// Contract §12.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());
afterEach(() => {
  expect(loggedFailures(gateway)).toEqual([]);
});

const patch = (body: unknown) => gateway.a.api.patch("/tenant/settings", body);
const read = async () => (await gateway.a.api.get("/tenant/settings")).body;

describe("CB 12 settings", () => {
  test("CB 12 a new tenant has the defaults, all of them on the wire", async () => {
    expect(await read()).toEqual({
      chat: {
        deletedMessageDisplay: "placeholder",
        deletedMessagePlaceholder: "This message was deleted",
        media: {
          enabled: true,
          maxFileSizeBytes: 10_485_760,
          maxImageSizeBytes: 5_242_880,
          allowedMimeTypes: ["image/*", "video/*", "audio/*", "application/pdf"],
          presignTtlSeconds: 300,
        },
      },
      calls: { enabled: false, maxParticipants: 8, defaultType: "video", ringTimeoutSeconds: 45 },
    });
  });

  test("CB 12 a change is merged key by key, answered whole, and leaves the other tenant alone", async () => {
    await requireUnchanged(gateway.database.adminUrl, ["b"], async () => {
      const answer = await patch({ chat: { deletedMessageDisplay: "hidden", media: { enabled: false } } });
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual(await read());
      const next = await patch({ chat: { media: { presignTtlSeconds: 600 } }, calls: { enabled: true } });
      expect(next.body.chat).toMatchObject({
        deletedMessageDisplay: "hidden",
        media: { enabled: false, presignTtlSeconds: 600 },
      });
      expect(next.body.calls).toMatchObject({ enabled: true, maxParticipants: 8 });
    });
  });

  test("CB 12 null puts a key back to its default, a blank placeholder does too", async () => {
    await patch({
      chat: { deletedMessageDisplay: "hidden", deletedMessagePlaceholder: "gone" },
      calls: { enabled: true },
    });
    expect((await patch({ chat: { deletedMessageDisplay: null } })).body.chat).toMatchObject({
      deletedMessageDisplay: "placeholder",
      deletedMessagePlaceholder: "gone",
    });
    expect((await patch({ chat: { deletedMessagePlaceholder: "  " } })).body.chat.deletedMessagePlaceholder).toBe(
      "This message was deleted",
    );
    expect((await patch({ chat: null, calls: null })).body.calls.enabled).toBe(false);
  });

  test("CB 12 unknown keys are kept, at the top and inside what is known, until they are set to null", async () => {
    await patch({ console: { lastWebhookTest: { at: 1, list: [1, null, { a: "b" }] } }, chat: { brandNew: { x: 1 } } });
    await patch({ console: { other: true }, chat: { deletedMessageDisplay: "hidden" } });
    expect((await read()).console).toEqual({ lastWebhookTest: { at: 1, list: [1, null, { a: "b" }] }, other: true });
    expect((await read()).chat.brandNew).toEqual({ x: 1 });
    expect((await patch({ console: null, chat: { brandNew: null } })).body).not.toHaveProperty("console");
    expect((await read()).chat).not.toHaveProperty("brandNew");
  });

  test("CB 12 what does not fit is refused as a whole", async () => {
    const wrong: readonly unknown[] = [
      { chat: { deletedMessageDisplay: "maybe" } },
      { chat: { media: { maxFileSizeBytes: -1 } }, calls: { enabled: true } },
      { calls: { maxParticipants: 33 } },
      { calls: { ringTimeoutSeconds: "45" } },
      { calls: 7 },
      { mine: "x".repeat(limits.settingsBytesMax) },
      [],
      "text",
    ];
    await requireUnchanged(gateway.database.adminUrl, ["a", "b"], async () => {
      for (const body of wrong) {
        expect(await patch(JSON.stringify(body)), JSON.stringify(body).slice(0, 80)).toMatchObject({
          status: 400,
          body: { code: "invalid_request" },
        });
      }
    });
  });

  test("CB 12 facts about the tenant are no settings", async () => {
    expect(reservedSettingKeys.length).toBeGreaterThan(0);
    await requireUnchanged(gateway.database.adminUrl, ["a", "b"], async () => {
      for (const key of reservedSettingKeys) {
        expectRefusal(await patch({ [key]: "pro", calls: { enabled: true } }), "reserved_setting");
        expectRefusal(await patch({ [key]: null }), "reserved_setting");
      }
    });
  });

  test("CB 12 20 changes at once: all are there afterwards", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => patch({ race: { [`key${n}`]: n } })));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect((await read()).race).toEqual(Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`key${n}`, n])));
  });

  test("CB 12 a session token neither reads nor changes settings", async () => {
    const user = await createTestUser(gateway, gateway.a);
    await requireUnchanged(gateway.database.adminUrl, ["a", "b"], async () => {
      expectRefusal(await user.client.get("/tenant/settings"), "api_key_required");
      expectRefusal(await user.client.patch("/tenant/settings", { calls: { enabled: true } }), "api_key_required");
    });
  });
});
