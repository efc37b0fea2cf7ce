import { expect } from "vitest";
import type { EndpointId } from "@sendsar/protocol/endpoints";
import type { TestClient } from "../../../scripts/testing/client.ts";
import { createTestClient } from "../../../scripts/testing/client.ts";
import type { FollowedRoute } from "../../../scripts/testing/follow-routes.ts";
import { followRoutes } from "../../../scripts/testing/follow-routes.ts";
import type { TestGateway } from "../../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../../scripts/testing/gateway.ts";
import { loggedFailures } from "../../../scripts/testing/logged-failures.ts";
import { rawRequest } from "../../../scripts/testing/raw-request.ts";
import type { ActorName, MatrixActor } from "./actors.ts";
import { canary, createActors } from "./actors.ts";
import { openFingerprints } from "./fingerprint.ts";
import type { Place } from "./places.ts";
import { createPlace, requestAt } from "./places.ts";

/** What a cell was answered; `bytes` is the body but for the id of the request. */
export interface CellAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly bytes: string;
}

/** Two gateways over one database with tenants A and B, in which the same user ids exist, and everybody who may ask. */
export interface Matrix extends AsyncDisposable {
  readonly gateway: TestGateway;
  /** Origins of both gateways. */
  readonly urls: readonly [string, string];
  readonly routes: readonly FollowedRoute[];
  readonly actors: ReadonlyMap<ActorName, MatrixActor>;
  actorOf(name: ActorName): MatrixActor;
  /** Backends of both tenants. */
  readonly apis: { readonly a: TestClient; readonly b: TestClient };
  /** One that cells may use which change nothing. */
  readonly place: Place;
  /** Asks as an actor, at the other gateway than the time before. Fails on a 5xx. */
  ask(name: ActorName, id: EndpointId, place: Place): Promise<CellAnswer>;
  /** The status and the bytes that a route outside the contract answers an actor with. */
  askOpen(name: ActorName, route: string): Promise<string>;
  /** Runs cells, and after each of them requires that no row of either tenant was written. */
  requireNothingChanged(
    run: (cell: (name: ActorName, act: () => Promise<void>) => Promise<void>) => Promise<void>,
  ): Promise<void>;
  /** Requires that no row of a tenant is written by `act`. */
  requireUnchanged(tenantId: "a" | "b", act: () => Promise<void>): Promise<void>;
  /** Requires that neither gateway has logged a failure or a secret. */
  requireQuietLogs(): void;
}

export const openMatrix = async (): Promise<Matrix> => {
  const stack = new AsyncDisposableStack();
  const followed = followRoutes();
  const gateway = stack.use(await startTestGateway());
  const peer = await gateway.startPeer();
  followed[Symbol.dispose]();
  const fingerprints = stack.use(await openFingerprints(gateway.database.adminUrl));
  const actors = await createActors(gateway);
  const actorOf = (name: ActorName): MatrixActor => {
    const actor = actors.get(name);
    if (!actor) throw new Error(`unable to act as ${name}; the fixture does not have it`);
    return actor;
  };
  const apis = { a: createTestClient(gateway.url, actorOf("keyA").credential), b: gateway.b.api };
  const place = await createPlace(apis);
  const urls = [gateway.url, peer.url] as const;
  let asked = 0;

  const send = async (method: string, path: string, name: ActorName, body: unknown): Promise<CellAnswer> => {
    const answer = await rawRequest(urls[asked++ % 2] as string, {
      method,
      path,
      headers: [["content-type", "application/json"], ...Object.entries(actorOf(name).credential)],
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    expect(answer.status, `${method} ${path} as ${name}: ${answer.text}`).toBeLessThan(500);
    const bytes = answer.text.replace(/req_[0-9a-f-]{36}/, "req");
    return { status: answer.status, body: isJson(answer.text) ? JSON.parse(answer.text) : undefined, bytes };
  };
  const requireUnchanged: Matrix["requireUnchanged"] = async (tenantId, act) => {
    const before = await fingerprints.of(tenantId);
    await act();
    expect(await fingerprints.of(tenantId)).toBe(before);
  };
  return {
    gateway,
    urls,
    routes: followed.routes,
    actors,
    actorOf,
    apis,
    place,
    ask: async (name, id, at) => {
      const { method, path, body } = requestAt(at, id, actorOf(name));
      return await send(method, `/v1${path}`, name, body);
    },
    askOpen: async (name, route) => {
      const [method = "", path = ""] = route.split(" ");
      const { status, bytes } = await send(
        method,
        path.replaceAll(/[:*]\w*/g, "x").replace(/^x/, "/x"),
        name,
        undefined,
      );
      return `${status} ${bytes}`;
    },
    requireUnchanged,
    requireNothingChanged: async (run) => {
      let before = [await fingerprints.of("a"), await fingerprints.of("b")];
      await run(async (name, act) => {
        await act();
        const after = [await fingerprints.of("a"), await fingerprints.of("b")];
        expect(after, `rows after what ${name} did`).toEqual(before);
        before = after;
      });
    },
    requireQuietLogs: () => {
      const lines = [...gateway.log, ...peer.log].join("\n");
      const secrets = [...actors.values()].flatMap(({ socketToken }) => socketToken ?? []);
      for (const secret of [...secrets, canary.room, canary.tenant, gateway.masterKey]) {
        expect(lines.includes(secret), `the log has ${secret}`).toBe(false);
      }
      expect([...loggedFailures(gateway), ...loggedFailures(peer)]).toEqual([]);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
};

const isJson = (text: string): boolean => text.startsWith("{");
