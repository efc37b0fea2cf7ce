import { once } from "node:events";
import type { ManagerOptions, Socket, SocketOptions } from "socket.io-client";
import { io } from "socket.io-client";

/** What came over the wire: it has no type until a test has looked at it. */
// oxlint-disable-next-line typescript/no-explicit-any -- a test asserts the shape, then reads on
export type Wire = any;

/** What a call answered. `body` is undefined when there was none. */
export interface TestAnswer<Body = Wire> {
  readonly status: number;
  readonly body: Body;
  readonly headers: Headers;
}

/** Calls a gateway the way the published clients do: raw fetch, a JSON content type on every call. */
export interface TestClient {
  call(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<TestAnswer>;
  get(path: string): Promise<TestAnswer>;
  post(path: string, body?: unknown): Promise<TestAnswer>;
  patch(path: string, body?: unknown): Promise<TestAnswer>;
}

/** Paths are below `/v1`. */
export const createTestClient = (url: string, credentials: Readonly<Record<string, string>>): TestClient => {
  const call: TestClient["call"] = async (method, path, body, headers = {}) => {
    const response = await fetch(`${url}/v1${path}`, {
      method,
      headers: { "content-type": "application/json", ...credentials, ...headers },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text), headers: response.headers };
  };
  return {
    call,
    get: (path) => call("GET", path),
    post: (path, body) => call("POST", path, body),
    patch: (path, body) => call("PATCH", path, body),
  };
};

/** A client that calls as a user. */
export const createUserClient = (url: string, token: string): TestClient =>
  createTestClient(url, { authorization: `Bearer ${token}` });

/** A plain Socket.IO client with the options of the published ones, and all that it was sent. */
export interface TestSocket extends Disposable {
  readonly socket: Socket;
  readonly received: readonly { readonly event: string; readonly payload: Wire }[];
  /** Payloads of an event so far. */
  of(event: string): Wire[];
  /** Answers with the first payload of the event that fits, received already or yet to come. */
  next(event: string, fits?: (payload: Wire) => boolean): Promise<Wire>;
}

/** Opens a socket; `connected` tells apart the two outcomes. It stays away once it is cut, unless `more` says otherwise. */
export const openTestSocket = (
  url: string,
  token: unknown,
  more: Partial<ManagerOptions & SocketOptions> = {},
): TestSocket => {
  const socket = io(url, {
    auth: { token },
    transports: ["websocket", "polling"],
    forceNew: true,
    reconnection: false,
    ...more,
  });
  const received: { event: string; payload: Wire }[] = [];
  const waiting = new Set<() => void>();
  socket.onAny((event: string, payload: unknown) => {
    received.push({ event, payload });
    for (const look of [...waiting]) look();
  });
  return {
    socket,
    received,
    of: (event) => received.filter((one) => one.event === event).map((one) => one.payload),
    next: (event, fits = () => true) =>
      new Promise((resolve, reject) => {
        const timeout = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`no fitting "${event}" within 5 s; received ${JSON.stringify(received).slice(0, 2000)}`));
        }, 5000);
        const look = (): void => {
          const found = received.find((one) => one.event === event && fits(one.payload));
          if (!found) return;
          waiting.delete(look);
          clearTimeout(timeout);
          resolve(found.payload);
        };
        waiting.add(look);
        look();
      }),
    [Symbol.dispose]: () => void socket.disconnect(),
  };
};

/** Opens a socket and waits until it is connected and its rooms are in place. Throws the refusal's message. */
export const connectTestSocket = async (url: string, token: unknown): Promise<TestSocket> => {
  const opened = openTestSocket(url, token);
  await Promise.race([
    once(opened.socket as never, "connect"),
    once(opened.socket as never, "connect_error").then(([error]) => {
      throw error;
    }),
  ]);
  await opened.next("tenant-presence-snapshot");
  return opened;
};

/** Opens a socket that must be refused, and answers how. */
export const refusedSocket = async (
  url: string,
  token: unknown,
): Promise<{ message: string; code: string | undefined }> => {
  using opened = openTestSocket(url, token);
  const [error] = (await Promise.race([
    once(opened.socket as never, "connect_error"),
    once(opened.socket as never, "connect").then(() => [undefined]),
  ])) as [(Error & { data?: { code?: string } }) | undefined];
  if (!error) throw new Error("the socket was let in");
  return { message: error.message, code: error.data?.code };
};
