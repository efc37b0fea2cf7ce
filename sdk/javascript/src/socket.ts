import { Manager } from "socket.io-client";
import type { Deps } from "./deps.ts";
import { SendsarError, reasonOf, unableTo } from "./errors.ts";
import type { Credential } from "./session.ts";
import { timeoutError } from "./timing.ts";
import type { SocketError, UpEvents } from "./wire.ts";

/** Takes one event from the server. Names and payloads are what came: a newer server may send what this SDK does not know. */
export type Receive = (name: string, payload: unknown) => void;

/** A socket, from the first try until it closes; then another one is opened. */
export interface Socket {
  emit<Name extends keyof UpEvents>(name: Name, payload: UpEvents[Name]): void;
  /** Closes it, or gives the try up. Safe to repeat. */
  close(reason: string): void;
}

/** What a socket tells. Either `onRefused` is called, once, or `onAdmitted` and later, once, `onClosed`. */
export interface SocketHooks {
  readonly onAdmitted: () => void;
  /** With the server's message and code when it refused, with `network` or `timeout` otherwise. */
  readonly onRefused: (error: SendsarError) => void;
  readonly onClosed: (reason: string) => void;
  /** Called for nothing that comes before the socket is admitted, but for who is online; the rest follows right after. */
  readonly receive: Receive;
}

/** What the server sends first of all to a new socket: from then on it is told of everything. */
export const admittedBy = "tenant-presence-snapshot";

/** How long one try to open a socket may take. */
export const openMsMax = 10_000;

/** Opens one socket with the credential's token, WebSocket only, without reconnection of its own. */
export function openSocket(
  deps: Pick<Deps, "setTimer">,
  { apiUrl, token, userId }: Credential,
  hooks: SocketHooks,
): Socket {
  const manager = new Manager(new URL(apiUrl).origin, {
    path: "/socket.io/",
    transports: ["websocket"],
    reconnection: false,
    autoConnect: false,
  });
  // The user id lets the server refuse a token of somebody else at once.
  const socket = manager.socket("/", { auth: { token, userId } });
  const early: (readonly [name: string, payload: unknown])[] = [];
  let state: "opening" | "admitted" | "closed" = "opening";
  let refusal = "";

  const end = (error: SendsarError): void => {
    if (state === "closed") return;
    const wasAdmitted = state === "admitted";
    state = "closed";
    cancelTimer();
    socket.off();
    socket.offAny();
    socket.disconnect();
    if (wasAdmitted) hooks.onClosed(error.reason);
    else hooks.onRefused(error);
  };
  const cancelTimer = deps.setTimer(() => end(timeoutError("connect", openMsMax)), openMsMax);

  socket.onAny((name: string, payload: unknown) => {
    if (name === "error") refusal = String((payload as Partial<SocketError> | undefined)?.message ?? "");
    if (state === "opening" && name !== admittedBy) {
      early.push([name, payload]);
      return;
    }
    hooks.receive(name, payload);
    if (state !== "opening") return;
    state = "admitted";
    cancelTimer();
    hooks.onAdmitted();
    for (const [earlyName, earlyPayload] of early) hooks.receive(earlyName, earlyPayload);
  });
  socket.on("connect_error", (error) => end(toConnectError(error, !socket.active)));
  socket.on("disconnect", (reason) => {
    // Before a server cuts a socket it says why, as an `error` event.
    const isCut = reason === "io server disconnect";
    end(new SendsarError(isCut && refusal !== "" ? refusal : reason, { code: "network" }));
  });
  socket.connect();
  return {
    emit: (name, payload) => void socket.emit(name, payload),
    close: (reason) => end(new SendsarError(reason, { code: "network" })),
  };
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
