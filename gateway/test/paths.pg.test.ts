import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { endpoints } from "@sendsar/protocol/endpoints";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import type { EndpointRequest } from "../../scripts/testing/every-request.ts";
import { everyRequest } from "../../scripts/testing/every-request.ts";
import { loggedFailures } from "../../scripts/testing/logged-failures.ts";
import type { RawAnswer, RawRequest } from "../../scripts/testing/raw-request.ts";
import { rawRequest } from "../../scripts/testing/raw-request.ts";
import { expectRefusal, withoutRequestId } from "../../scripts/testing/refusals.ts";
import type { SeededRoom } from "../../scripts/testing/seed-room.ts";
import { mintToken, seedRoom } from "../../scripts/testing/seed-room.ts";
import { requireUnchanged } from "../../scripts/testing/tenant-rows.ts";

let gateway: TestGateway;
let room: SeededRoom;
let token: string;
beforeAll(async () => {
  gateway = await startTestGateway();
  room = await seedRoom(gateway.a.api, { people: ["ann", "bo"], externalId: "paths" });
  token = await mintToken(gateway.a.api, "ann");
});
afterAll(() => gateway[Symbol.asyncDispose]());
afterEach(() => {
  expect(loggedFailures(gateway)).toEqual([]);
});

type Headers = NonNullable<RawRequest["headers"]>;
const json: Headers = [["content-type", "application/json"]];
const asBackend = (): Headers => [["x-api-key", gateway.a.apiKey], ...json];
const asUser = (): Headers => [["authorization", `Bearer ${token}`], ...json];

const call = (method: string, path: string, headers: Headers, body?: unknown): Promise<RawAnswer> =>
  rawRequest(gateway.url, { method, path, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });

const toAnswer = ({ status, text: body }: RawAnswer) => ({ status, body: JSON.parse(body) as unknown });

const untouched = <T>(act: () => Promise<T>): Promise<T> =>
  requireUnchanged(gateway.database.adminUrl, ["a", "b"], act);

describe("H12 every verb on every path", () => {
  const verbs = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "TRACE",
    "QUERY",
    "PROPFIND",
    "LOCK",
    "PURGE",
    "M-SEARCH",
  ];

  /** Contract methods by path, as requests of the test. */
  /** What the contract has for a path: `/users/me/…` is below `/users/:userId/…` too. */
  const methodsAt = (path: string): string[] => [
    ...new Set(
      Object.values(endpoints)
        .filter((endpoint) => new RegExp(`^/v1${endpoint.path.replaceAll(/:\w+/g, "[^/]+")}$`).test(path))
        .map(({ method }) => method as string),
    ),
  ];
  const paths = (): Map<string, EndpointRequest[]> =>
    Map.groupBy(everyRequest(room), ({ path }) => `/v1${path.split("?", 1)[0]}`);

  test("H12 a verb that the contract does not have for a path: 405 that names those it has, with or without credentials", () =>
    untouched(async () => {
      let tried = 0;
      for (const [path, requests] of paths()) {
        const methods = methodsAt(path);
        expect(methods).toEqual(expect.arrayContaining(requests.map(({ method }) => method)));
        for (const verb of verbs.filter((candidate) => !methods.includes(candidate))) {
          for (const headers of [[], json, asBackend(), asUser()]) {
            const answer = await call(
              verb,
              path,
              headers,
              verb === "HEAD" ? undefined : { id: "new", username: "new" },
            );
            expect(answer.status, `${verb} ${path}`).toBe(405);
            expect(answer.headers.allow?.split(", ").toSorted(), `${verb} ${path}`).toEqual(methods.toSorted());
            if (verb !== "HEAD") expectRefusal(toAnswer(answer), "method_not_allowed");
            tried++;
          }
        }
      }
      expect(tried).toBeGreaterThan(200);
    }));

  test("H12 any verb on a path that is not there: 404, and its body is not read", () =>
    untouched(async () => {
      for (const verb of verbs) {
        for (const path of ["/", "/v1", "/v1/nowhere", "/v2/users", "/users", "/v1/chat/rooms/x/y/z", "/admin"]) {
          const answer = await call(verb, path, [["content-type", "text/plain"]], verb === "HEAD" ? undefined : "{");
          expect(answer.status, `${verb} ${path}`).toBe(404);
          if (verb !== "HEAD") expectRefusal(toAnswer(answer), "not_found");
        }
      }
    }));

  test("H12 CONNECT and made-up verbs get no answer that helps", () =>
    untouched(async () => {
      for (const verb of ["CONNECT", "FOO", "get"]) {
        for (const target of ["/v1/tenant/settings", "example.com:80"]) {
          const socket = connect(gateway.gateway.port, "127.0.0.1");
          await once(socket, "connect");
          socket.write(
            `${verb} ${target} HTTP/1.1\r\nHost: x\r\nx-api-key: ${gateway.a.apiKey}\r\nConnection: close\r\n\r\n`,
          );
          const answer = await text(socket);
          expect(answer, `${verb} ${target}`).toMatch(/^$|^HTTP\/1\.1 4\d\d /);
        }
      }
    }));
});

describe("H15 a guarded path, spelled another way", () => {
  const spellings = (path: string): string[] => {
    const [, first = "", ...rest] = path.split("/");
    const tail = rest.join("/");
    return [
      `http://127.0.0.1${path}`,
      `http://elsewhere.example${path}`,
      `https://user:pass@elsewhere.example${path}`,
      `/${path}`,
      `//${first}//${tail}`,
      `/${first}%2f${tail}`,
      `/${first}%2F${tail}`,
      `/${first}%5c${tail}`,
      `/${first}\\${tail}`,
      `/${first}/./${tail}`,
      `/${first}/%2e/${tail}`,
      `/${first}/x/../${tail}`,
      `/${first}/%2e%2e/${first}/${tail}`,
      `/healthz/..${path}`,
      `/docs/%2e%2e${path}`,
      `/healthz%2f..${path}`,
      `${path};x`,
      `${path};jsessionid=1`,
      `/${first};x/${tail}`,
      `/${first.toUpperCase()}/${tail}`,
      `/${first}/${tail.toUpperCase()}`,
      `${path}.`,
      `${path}/`,
      `${path}//`,
      `${path}%20`,
      `${path}%00`,
      `${path}%`,
      `${path}#x`,
      `${path}?`,
      `${path}?x=1`,
      `${path}%3fx=1`,
      path.replace("s", "%73"),
      path.replace("s", "%2573"),
    ];
  };

  test("H15 without a credential every spelling is refused", () =>
    untouched(async () => {
      for (const { method, path, body } of everyRequest(room)) {
        for (const target of spellings(`/v1${path}`)) {
          const answer = await call(method, target, json, body);
          expect([400, 401, 404, 405], `${method} ${target}`).toContain(answer.status);
        }
      }
    }));

  test("H15 with a credential that may not, no spelling gets further than the plain path", () =>
    untouched(async () => {
      for (const { auth, method, path, body } of everyRequest(room)) {
        if (auth !== "apiKey") continue;
        for (const target of spellings(`/v1${path}`)) {
          const answer = await call(method, target, asUser(), body);
          expect([400, 403, 404, 405], `${method} ${target}`).toContain(answer.status);
        }
      }
    }));

  test("H15 with a credential that may, a spelling gets the answer of the plain path, or 404", async () => {
    for (const path of ["/v1/tenant/settings", `/v1/chat/rooms/${room.roomId}`, "/v1/chat/rooms"]) {
      const plain = await call("GET", path, asBackend());
      expect(plain.status).toBe(200);
      for (const target of spellings(path)) {
        const answer = await call("GET", target, asBackend());
        if (answer.status === 200) expect(answer.text, target).toBe(plain.text);
        else expect([400, 404], `${target}: ${answer.status}`).toContain(answer.status);
      }
    }
  });

  test("H15 a room id, spelled another way, is answered as an unknown one", async () => {
    const unknown = await call("GET", "/v1/chat/rooms/0b9f6a3e-6a0e-4d0a-9a5e-000000000000", asBackend());
    for (const id of [
      `${room.roomId}%20`,
      `%7b${room.roomId}%7d`,
      room.roomId.replaceAll("-", ""),
      `${room.roomId}%2f`,
      "%2e%2e",
    ]) {
      const answer = await call("GET", `/v1/chat/rooms/${id}`, asBackend());
      expect(withoutRequestId(toAnswer(answer) as never), id).toEqual(withoutRequestId(toAnswer(unknown) as never));
    }
  });
});
