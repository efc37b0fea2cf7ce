import { Manager } from "socket.io-client";
import type { Deps } from "./deps.ts";
import { SendsarError, reasonOf, unableTo } from "./errors.ts";
import type { Credential } from "./session.ts";
import { createDeferred, timeoutError } from "./timing.ts";
import { type DownEvents, type UpEvents, downEventNames } from "./wire.ts";

/** A socket that the server has admitted. It is used until it closes; then another one is opened. */
export interface LiveSocket {
  emit<Name extends keyof UpEvents>(name: Name, payload: UpEvents[Name]): void;
  /** Resolves with the reason once the socket is closed, by whomever. */
  readonly closed: Promise<string>;
  close(): void;
}

/** Takes one event from the server. */
export type Receive = <Name extends keyof DownEvents>(name: Name, payload: DownEvents[Name]) => void;

/** What the server sends once a new socket is in its groups. Before that, events could pass the socket by. */
const admittedBy = "tenant-presence-snapshot";

/** How long one try to open a socket may take. */
export const openMsMax = 10_000;

/**
 * Opens one socket with the credential's token, WebSocket only, without reconnection of its own. Rejects with the server's
 * message and code when it refuses, with `network`, `timeout` or `aborted` otherwise. The signal also closes it later.
 */
export function openSocket(
  deps: Pick<Deps, "setTimer">,
  { apiUrl, token, userId }: Credential,
  signal: AbortSignal,
  receive: Receive,
): Promise<LiveSocket> {
  if (signal.aborted) return Promise.reject(signal.reason as Error);
  const manager = new Manager(new URL(apiUrl).origin, {
    path: "/socket.io/",
    transports: ["websocket"],
    reconnection: false,
    autoConnect: false,
  });
  // The user id lets the server refuse a token of somebody else at once.
  const socket = manager.socket("/", { auth: { token, userId } });
  const opened = createDeferred<LiveSocket>();
  const closed = createDeferred<string>();
  let refusal = "";

  const close = (reason: string): void => {
    cancelTimer();
    signal.removeEventListener("abort", onAbort);
    socket.off();
    socket.disconnect();
    closed.resolve(reason);
  };
  const fail = (error: unknown): void => {
    close(reasonOf(error));
    opened.reject(error);
  };
  const onAbort = (): void => fail(signal.reason);
  signal.addEventListener("abort", onAbort);
  const cancelTimer = deps.setTimer(() => fail(timeoutError("connect", openMsMax)), openMsMax);

  const live: LiveSocket = {
    emit: (name, payload) => socket.emit(name, payload),
    closed: closed.promise,
    close: () => close("closed by the client"),
  };
  for (const name of downEventNames) {
    socket.on(name, (payload: DownEvents[typeof name]) => {
      if (name === "error") refusal = (payload as DownEvents["error"]).message;
      receive(name, payload);
      if (name === admittedBy) {
        cancelTimer();
        opened.resolve(live);
      }
    });
  }
  socket.on("connect_error", (error) => fail(toConnectError(error, !socket.active)));
  socket.on("disconnect", (reason) => {
    // Before a server cuts a socket it says why, as an `error` event.
    const isCut = reason === "io server disconnect";
    fail(new SendsarError(isCut && refusal !== "" ? refusal : reason, { code: "network" }));
  });
  socket.connect();
  return opened.promise;
}

/** A refusal by the server keeps the server's words; anything else never reached it. */
function toConnectError(error: Error & { data?: unknown }, isRefusal: boolean): SendsarError {
  if (!isRefusal) {
    return unableTo("connect", reasonOf(error), { code: "network", cause: error });
  }
  const { code, statusCode, requestId } = (error.data ?? {}) as Readonly<Record<string, unknown>>;
  return new SendsarError(error.message, {
    code: typeof code === "string" ? code : "connect_refused",
    status: typeof statusCode === "number" ? statusCode : undefined,
    requestId: typeof requestId === "string" ? requestId : undefined,
    cause: error,
  });
}
