import { randomUUID } from "node:crypto";
import { sampleFiles } from "../../../scripts/testing/sample-files.ts";
import { mintToken, seedRoom } from "../../../scripts/testing/seed-room.ts";
import { readTenantRows } from "../../../scripts/testing/tenant-rows.ts";
import { filePart, uploadFile } from "../../../scripts/testing/upload-file.ts";
import type { StageTenant } from "./stage-tenant.ts";

/** A tenant with something of everything. Nobody calls in its name. */
export interface Victim {
  readonly tenant: StageTenant;
  readonly token: string;
  readonly ids: {
    readonly user: string;
    readonly room: string;
    readonly message: string;
    readonly upload: string;
    readonly app: string;
    readonly device: string;
    readonly cursor: string;
    readonly externalId: string;
  };
  /** Stands in every text that it has, and nowhere else. */
  readonly canary: string;
  /** What of its rows is not as it was; empty if all is. */
  changes(): Promise<readonly string[]>;
}

export const plantVictim = async (adminUrl: string, tenant: StageTenant): Promise<Victim> => {
  const { api, tenantId } = tenant;
  const canary = `canary-${randomUUID()}`;
  const user = "ann";
  // Requests name these, and answers repeat what was sent: the canary is not in them.
  const [externalId, device] = [`victims-room-${randomUUID()}`, `victims-device-${randomUUID()}`];
  const room = await seedRoom(api, { people: [user, "bo"], text: canary, externalId });
  const { roomId } = room;
  for (const id of [user, "bo"]) await api.post("/users", { id, username: canary, metadata: { canary } });
  await api.patch(`/chat/rooms/${roomId}`, { name: canary, customType: "order", metadata: { canary } });
  for (const text of [canary, canary]) await api.post(`/chat/rooms/${roomId}/messages`, message(user, text));
  const png = { ...sampleFiles.png, filename: `${canary}.png` };
  const upload = await uploadFile(api, png, { userId: user });
  await api.post(`/chat/rooms/${roomId}/messages`, { senderId: user, parts: [filePart(upload, png)] });
  await api.post(`/chat/rooms/${roomId}/messages/${room.messageId}/reactions`, { userId: user, emoji: "👍" });
  await api.post(`/chat/rooms/${roomId}/messages/${room.messageId}/pin`, { userId: user });
  await api.post("/tenant-apps", { appCode: "victims-app", name: canary.slice(0, 80) });
  await api.post(`/users/${user}/device-tokens`, { provider: "FCM", token: device });
  await api.patch("/tenant/settings", { canary });
  const { body: page } = await api.get(`/chat/rooms/${roomId}/messages?limit=1`);
  const token = await mintToken(api, user);
  const before = await readTenantRows(adminUrl, tenantId);
  return {
    tenant,
    token,
    ids: {
      user,
      room: roomId,
      message: room.messageId,
      upload,
      app: "victims-app",
      device,
      cursor: page.nextCursor,
      externalId,
    },
    canary,
    async changes() {
      const after = await readTenantRows(adminUrl, tenantId);
      const tables = new Set([...Object.keys(before), ...Object.keys(after)]);
      return [...tables]
        .filter((table) => JSON.stringify(before[table]) !== JSON.stringify(after[table]))
        .map((table) => `rows of another tenant changed in ${table}`);
    },
  };
};

const message = (senderId: string, text: string) => ({ senderId, parts: [{ type: "text", text }] });
