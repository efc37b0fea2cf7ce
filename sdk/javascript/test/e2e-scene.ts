import type { TestGateway } from "../../../scripts/testing/gateway.ts";
import { type TestUser, createTestRoom, createTestUser } from "../../../scripts/testing/test-user.ts";
import type { Deps } from "../src/deps.ts";
import type { ClientEvents } from "../src/options.ts";
import { type TestApp, createTestApp, eventually } from "./test-app.ts";

/** Somebody who is connected with the SDK, and everything that they were told. */
export interface Person extends TestUser {
  readonly app: TestApp;
  /** Payloads of an event so far. */
  of<Name extends HeardEvent>(name: Name): readonly ClientEvents[Name][];
  /** Resolves with the first payload of the event that fits, told already or yet to be. */
  hears<Name extends HeardEvent>(
    name: Name,
    fits?: (payload: ClientEvents[Name]) => boolean,
  ): Promise<ClientEvents[Name]>;
}

const heardEvents = [
  "new-message",
  "message-updated",
  "room-updated",
  "participant-updated",
  "room-participants-changed",
  "room-read",
  "typing",
  "presence",
  "presence-snapshot",
] as const;
type HeardEvent = (typeof heardEvents)[number];

/** Two people of the first tenant, each connected to a gateway of their own, and a room with both. */
export interface Scene extends AsyncDisposable {
  readonly ann: Person;
  readonly bob: Person;
  readonly roomId: string;
}

/** Makes a scene; the first one is the operator of the room, unless `room` says otherwise. */
export async function startScene(
  gateways: readonly [TestGateway, { readonly url: string }],
  room: Readonly<Record<string, unknown>> = {},
): Promise<Scene> {
  const [one, two] = gateways;
  await using stack = new AsyncDisposableStack();
  const people = await Promise.all([connect(one, one.url), connect(one, two.url)]);
  for (const { app } of people) stack.use(app);
  const [ann, bob] = people;
  const roomId = (await createTestRoom(one.a, [ann, bob], room)).id as string;
  for (const person of people) await person.hears("room-participants-changed", (change) => change.roomId === roomId);
  const open = stack.move();
  return { ann, bob, roomId, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

/** A new user of the first tenant, connected with the SDK to the gateway at `url`. */
export async function connect(gateway: TestGateway, url: string, deps?: Partial<Deps>): Promise<Person> {
  const user = await createTestUser(gateway, gateway.a);
  const app = createTestApp({ apiUrl: `${url}/v1`, storage: null }, deps);
  const heard: { readonly name: string; readonly payload: unknown }[] = [];
  for (const name of heardEvents) app.chat.on(name, (payload) => heard.push({ name, payload }));
  await app.chat.connect({ userId: user.id, token: user.token });
  const of: Person["of"] = (name) =>
    heard.flatMap((one) => (one.name === name ? [one.payload as ClientEvents[typeof name]] : []));
  return {
    ...user,
    app,
    of,
    hears: (name, fits = () => true) =>
      eventually(() => {
        const found = of(name).find(fits);
        if (found === undefined) throw new Error(`nobody heard a fitting ${name}; ${JSON.stringify(of(name))}`);
        return found;
      }),
  };
}
