import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { io } from "socket.io-client";
import { limits } from "@sendsar/protocol/limits";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { claimMutants } from "../../scripts/testing/claim-mutants.ts";
import { connectTestSocket, createUserClient, openTestSocket } from "../../scripts/testing/client.ts";
import { everyRequest } from "../../scripts/testing/every-request.ts";
import type { Forger } from "../../scripts/testing/forge-token.ts";
import { forgeToken, readForgerKey } from "../../scripts/testing/forge-token.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import type { RawAnswer } from "../../scripts/testing/raw-request.ts";
import { rawRequest } from "../../scripts/testing/raw-request.ts";
import { expectRefusal } from "../../scripts/testing/refusals.ts";
import type { SeededRoom } from "../../scripts/testing/seed-room.ts";
import { mintToken, seedRoom } from "../../scripts/testing/seed-room.ts";
import { requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import { headerMutants } from "../../scripts/testing/token-mutants.ts";

/** Takes calls and counts them: a token that names its address must not make the gateway call it. */
const sink = createServer((_request, response) => {
  sinkCalls++;
  response.end("{}");
});
let sinkCalls = 0;
let gateway: TestGateway;
let forger: Forger;
let room: SeededRoom;
let roomOfB: SeededRoom;
beforeAll(async () => {
  // Its clock stands still, so that a mutant that is a second wrong stays a second wrong.
  const now = new Date();
  gateway = await startTestGateway({ now: () => now });
  sink.listen(0, "127.0.0.1");
  await once(sink, "listening");
  room = await seedRoom(gateway.a.api, { people: ["ann", "bo"], externalId: "session" });
  roomOfB = await seedRoom(gateway.b.api, { people: ["ann", "bo"], externalId: "session" });
  const { adminUrl } = gateway.database;
  forger = {
    own: await readForgerKey(adminUrl, gateway.masterKey, "a"),
    other: await readForgerKey(adminUrl, gateway.masterKey, "b"),
    userId: "ann",
    now: Math.floor(now.getTime() / 1000),
    sinkUrl: `http://127.0.0.1:${(sink.address() as AddressInfo).port}/keys.json`,
  };
});
afterAll(async () => {
  sink.close();
  await gateway[Symbol.asyncDispose]();
});

const overRest = (token: string): Promise<RawAnswer> =>
  rawRequest(gateway.url, { path: "/v1/chat/rooms", headers: [["authorization", `Bearer ${token}`]] });

/** How a handshake ends: let in, refused with a code, or cut without an answer. */
const overSocket = async (token: unknown): Promise<string> => {
  using opened = openTestSocket(gateway.url, token);
  return await new Promise((resolve) => {
    opened.socket.on("connect", () => resolve("let in"));
    opened.socket.on("connect_error", (error: Error & { data?: { code?: string } }) =>
      resolve(error.data?.code ?? error.message),
    );
    // After a refusal the client closes, too, in the moment before it tells of the refusal.
    opened.socket.io.on("close", () => queueMicrotask(() => resolve("cut")));
  });
};

describe("a token that is not a session of ours: refused by REST and by the handshake", () => {
  // What cannot stand in a header line cannot be sent over REST; a blank at its end is not part of its value.
  const fitsHeaderLine = (token: string) => /^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(token);

  test("a good forged token is let in by both, so that only what a mutant changes refuses it", async () => {
    const answer = await overRest(forgeToken(forger));
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text).rooms).toMatchObject([{ id: room.roomId }]);
    expect(await overSocket(forgeToken(forger))).toBe("let in");
  });

  const mutants = Object.entries({ ...headerMutants(), ...claimMutants() });
  test.for(mutants)("%s", async ([, make]) => {
    const token = make(forger);
    if (token.length > 100_000) await expectTooLarge(token);
    else await expectRefused(token);
    expect(sinkCalls).toBe(0);
    expect(gateway.log.filter((line) => /"level":(50|60)/.test(line))).toEqual([]);
  });

  test("B10 a user that was never made, whatever its name", async () => {
    for (const userId of ["nobody", "__proto__", "constructor", "toString", "ANN", "ann "]) {
      await expectRefused(forgeToken({ ...forger, userId }));
    }
  });

  test("B10 what is no text at all in the handshake's auth.token", async () => {
    for (const token of [undefined, null, "", 1, true, [], {}, [forgeToken(forger)], { token: forgeToken(forger) }]) {
      expect(await overSocket(token)).toBe("unauthorized");
    }
  });

  test("B01 another scheme, or none, before a good token", async () => {
    const token = forgeToken(forger);
    for (const value of [
      token,
      `Basic ${token}`,
      `Token ${token}`,
      `Bearer${token}`,
      `Bearer  ${token}`,
      "Bearer",
      "",
    ]) {
      const answer = await rawRequest(gateway.url, { path: "/v1/chat/rooms", headers: [["authorization", value]] });
      expectRefusal({ status: answer.status, body: JSON.parse(answer.text) }, "unauthorized");
    }
  });

  const expectRefused = async (token: string): Promise<void> => {
    if (fitsHeaderLine(token)) {
      const { status, text } = await overRest(token);
      const code = token.length > limits.headerBytesMax ? "headers_too_large" : "unauthorized";
      expectRefusal({ status, body: JSON.parse(text) }, code);
    }
    expect(await overSocket(token)).toBe("unauthorized");
  };

  /** More than a header or a frame may have: cut off while it is still being sent. */
  const expectTooLarge = async (token: string): Promise<void> => {
    const status = await overRest(token).then(
      (answer) => answer.status,
      (error: NodeJS.ErrnoException) => error.code,
    );
    expect([431, "ECONNRESET", "EPIPE"]).toContain(status);
    expect(await overSocket(token)).toBe("cut");
    expect((await gateway.a.api.get("/chat/rooms")).status).toBe(200);
  };
});

describe("B08 b's good token on what a has", () => {
  test("B08 over REST: as a random id, and nothing changes", async () => {
    const user = createUserClient(gateway.url, await mintToken(gateway.b.api, "ann"));
    const requests = everyRequest(room).filter(({ path, auth }) => path.includes(room.roomId) && auth !== "apiKey");
    expect(requests.length).toBeGreaterThanOrEqual(4);
    await requireUnchanged(gateway.database.adminUrl, ["a", "b"], async () => {
      for (const { method, path, body } of requests)
        expectRefusal(await user.call(method, path, body), "room_not_found");
    });
    expect((await user.get("/chat/rooms")).body.rooms).toMatchObject([{ id: roomOfB.roomId }]);
  });

  test("B08 over the socket: as a random id", async () => {
    using socket = await connectTestSocket(gateway.url, await mintToken(gateway.b.api, "ann"));
    for (const roomId of [room.roomId, crypto.randomUUID()]) {
      const refusals = socket.of("error").length;
      socket.socket.emit("join-room", { roomId });
      await vi.waitFor(() => expect(socket.of("error")).toHaveLength(refusals + 1), 5000);
    }
    // But for the room's id, which is what was sent.
    const [real, unknown] = socket.of("error").map(({ roomId: _, ...error }) => error);
    expect(real).toEqual(unknown);
    expect(real.code).toBe("room_not_found");
  });
});

describe("B16 a token in the socket's URL: refused, and the log does not have it", () => {
  const names = ["token", "apiKey", "api_key", "x-api-key", "access_token", "auth", "authorization", "jwt"];
  test.for(names)("B16 as ?%s=", async (name) => {
    const token = await mintToken(gateway.a.api, "ann");
    for (const transport of ["websocket", "polling"]) {
      const socket = io(gateway.url, {
        query: { [name]: token },
        transports: [transport],
        forceNew: true,
        reconnection: false,
      });
      const outcome = await Promise.race([
        once(socket as never, "connect_error").then(() => "refused"),
        once(socket as never, "connect").then(() => "let in"),
      ]);
      socket.disconnect();
      expect(outcome).toBe("refused");
    }
    const { headers } = await gateway.a.api.get(`/chat/rooms?${name}=${token}`);
    await vi.waitFor(() => expect(gateway.log.join("")).toContain(headers.get("x-request-id")), 5000);
    expect(gateway.log.join("")).not.toContain(token);
  });

  test("B16 in the URL beside a good one in its place: refused all the same", async () => {
    const token = await mintToken(gateway.a.api, "ann");
    const path = `/socket.io/?EIO=4&transport=polling&token=${token}`;
    expect((await rawRequest(gateway.url, { path })).status).toBe(403);
    expect((await rawRequest(gateway.url, { path: path.replace(/&token=.*/, "") })).status).toBe(200);
    expect(gateway.log.join("")).not.toContain(token);
  });
});
