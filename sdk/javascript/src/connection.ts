import {
  type ConnectionEffect,
  type ConnectionEvent,
  type ConnectionTimer,
  type Phase,
  stepConnection,
  toConnectionState,
} from "./connection-machine.ts";
import type { Deps } from "./deps.ts";
import { SendsarError, reasonOf, unableTo } from "./errors.ts";
import { Machine } from "./machine.ts";
import type { ConnectionState } from "./options.ts";
import { isTransient } from "./retry.ts";
import { toSequenced } from "./sequenced.ts";
import type { Credential, CredentialSource } from "./session.ts";
import { type Receive, type Socket, admittedBy, openSocket } from "./socket.ts";
import { abortedError, backoffMs, createDeferred } from "./timing.ts";
import type { UpEvents } from "./wire.ts";

/** What a connection tells its owner. */
export interface ConnectionHooks {
  readonly onState: (state: ConnectionState, reason?: string) => void;
  /** A credential came: from now on it is known who the user is. */
  readonly onCredential: (credential: Credential) => void;
  /** Another socket is in use. Resolves when everything that must be said on it was answered; never rejects. */
  readonly onUp: (userId: string) => Promise<void>;
  /** The socket is gone and there is no other one yet. */
  readonly onDown: () => void;
  readonly receive: Receive;
}

/**
 * One user's line to the gateway, from `start` until `stop` or a refusal for good. It does what `connection-machine.ts`
 * decides: opens and closes sockets, keeps timers, tells the owner.
 *
 * - Guarantees: at most one socket is written to. After a drop another one is opened, for as long as it takes, with
 *   growing and jittered delays. Before a token ends, a socket with the next token is opened first and the old one
 *   closed after; while both are open, events with a place in a room's order are heard from both.
 * - Lifecycle: connecting, connected <-> reconnecting, disconnected. The last one is final for this object.
 */
export class Connection {
  readonly #deps: Deps;
  readonly #source: CredentialSource;
  readonly #hooks: ConnectionHooks;
  readonly #machine: Machine<Phase, ConnectionEvent, ConnectionEffect>;
  readonly #links = new Map<number, Link>();
  readonly #timers = new Map<ConnectionTimer, () => void>();
  #used: Link | undefined;
  #up = createDeferred<void>();

  constructor(deps: Deps, source: CredentialSource, hooks: ConnectionHooks) {
    this.#deps = deps;
    this.#source = source;
    this.#hooks = hooks;
    this.#machine = new Machine<Phase, ConnectionEvent, ConnectionEffect>({ name: "idle" }, stepConnection, (effect) =>
      this.#perform(effect),
    );
  }

  get state(): ConnectionState {
    return toConnectionState(this.#machine.state);
  }

  /** Begins to connect. Call once; does nothing after `stop`. */
  start(): void {
    this.#machine.dispatch({ type: "start" });
  }

  /** Resolves when connected, now or next time. Rejects when the connection ends before that. */
  whenUp(): Promise<void> {
    return this.#up.promise;
  }

  /** Says something to the server; false if there is no socket to say it on. */
  emit<Name extends keyof UpEvents>(name: Name, payload: UpEvents[Name]): boolean {
    this.#used?.socket?.emit(name, payload);
    return this.#used !== undefined;
  }

  /** Cuts the present delay short. */
  retryNow(): void {
    this.#machine.dispatch({ type: "retry-now" });
  }

  /** Gives the socket in use up, as if the network had: another one is opened. */
  cut(reason: string): void {
    this.#used?.socket?.close(reason);
  }

  /** Ends the connection at once. Safe to repeat. */
  stop(reason: string): void {
    this.#machine.dispatch({ type: "stop", error: abortedError("connect", reason) });
  }

  #perform(effect: ConnectionEffect): void {
    switch (effect.type) {
      case "open":
        return void this.#open(effect.link, effect.token);
      case "close":
        return this.#close(effect.link);
      case "use":
        this.#used = this.#links.get(effect.link);
        return;
      case "greet":
        return this.#greet(effect.link);
      case "drop":
        return this.#drop();
      case "tell":
        return this.#hooks.onState(effect.state, effect.reason);
      case "resolve":
        return this.#up.resolve();
      case "start-delay":
        return this.#startTimer("delay", backoffMs(reconnectBackoff, effect.tries, this.#deps.random));
      case "start-timer":
        return this.#startTimer(effect.timer, effect.ms);
      case "stop-timer":
        return this.#stopTimer(effect.timer);
      case "end":
        return this.#end(effect.error);
    }
  }

  /** One try. Never rejects: what comes of it is an event. */
  async #open(number: number, token: "fresh" | "renewed"): Promise<void> {
    const refused = token === "renewed" ? this.#links.get(number) : undefined;
    const link: Link = { number, credential: undefined, socket: undefined, error: undefined, upSinceMs: 0 };
    this.#links.set(number, link);
    const credential = await this.#obtain(refused).catch(toError);
    if (this.#links.get(number) !== link) return;
    if (credential instanceof SendsarError) return this.#fail(link, credential);
    link.credential = credential;
    this.#hooks.onCredential(credential);
    if (this.#links.get(number) !== link) return;
    if (this.#used?.credential?.token !== credential.token) return this.#listen(link, credential);
    this.#machine.dispatch({ type: "unchanged", link: number, renewInMs: this.#renewInMs(credential) });
  }

  /** A credential for the next socket: another one than the one with which `refused` met a refusal. */
  async #obtain(refused: Link | undefined): Promise<Credential> {
    if (refused?.credential === undefined) return this.#source.fresh();
    const renewed = await this.#source.renew(refused.credential);
    if (renewed === undefined)
      throw refused.error ?? unableTo("connect", "there is no other token", { code: "unauthorized" });
    return renewed;
  }

  #listen(link: Link, credential: Credential): void {
    const { number } = link;
    const isCurrent = (): boolean => this.#links.get(number) === link;
    link.socket = openSocket(this.#deps, credential, {
      onAdmitted: () => {
        if (!isCurrent()) return;
        link.upSinceMs = this.#deps.now();
        this.#machine.dispatch({ type: "opened", link: number, renewInMs: this.#renewInMs(credential) });
      },
      onRefused: (error) => {
        if (isCurrent()) this.#fail(link, error);
      },
      onClosed: (reason) => {
        if (!isCurrent()) return;
        this.#links.delete(number);
        const livedMs = this.#deps.now() - link.upSinceMs;
        this.#machine.dispatch({ type: "closed", link: number, reason, livedMs });
      },
      receive: (name, payload) => {
        const isHeard = link === this.#used || name === admittedBy || toSequenced(name, payload) !== undefined;
        if (isCurrent() && isHeard) this.#hooks.receive(name, payload);
      },
    });
  }

  /** A refused token is remembered: the next one must be another. */
  #fail(link: Link, error: SendsarError): void {
    const event = toFailure(link.number, error);
    link.error = error;
    if (event.type !== "token-refused") this.#links.delete(link.number);
    this.#machine.dispatch(event);
  }

  #close(number: number): void {
    const link = this.#links.get(number);
    this.#links.delete(number);
    link?.socket?.close("closed by the client");
  }

  #greet(number: number): void {
    const credential = this.#used?.credential;
    if (credential === undefined) return;
    void this.#hooks.onUp(credential.userId).then(() => this.#machine.dispatch({ type: "rejoined", link: number }));
  }

  #drop(): void {
    this.#used = undefined;
    this.#up = createDeferred();
    this.#hooks.onDown();
  }

  #end(error: SendsarError): void {
    for (const timer of [...this.#timers.keys()]) this.#stopTimer(timer);
    for (const number of [...this.#links.keys()]) this.#close(number);
    this.#used = undefined;
    this.#hooks.onDown();
    this.#up.reject(error);
    // Somebody who waits from now on must be told as well.
    this.#up = createDeferred();
    this.#up.reject(error);
  }

  #startTimer(timer: ConnectionTimer, ms: number): void {
    this.#stopTimer(timer);
    const cancel = this.#deps.setTimer(() => {
      this.#timers.delete(timer);
      this.#machine.dispatch({ type: timerEvents[timer] });
    }, ms);
    this.#timers.set(timer, cancel);
  }

  #stopTimer(timer: ConnectionTimer): void {
    this.#timers.get(timer)?.();
    this.#timers.delete(timer);
  }

  #renewInMs(credential: Credential): number {
    return credential.renewAtMs - this.#deps.now();
  }
}

/** A try to open a socket, and then that socket. */
interface Link {
  readonly number: number;
  credential: Credential | undefined;
  socket: Socket | undefined;
  /** When it was admitted. */
  upSinceMs: number;
  /** Why it was refused. */
  error: SendsarError | undefined;
}

/** Delays of 0.5 to 7.5 seconds: thousands of clients of a gateway that dies come back spread out. */
const reconnectBackoff = { baseMs: 1000, maxMs: 5000 };

const timerEvents = {
  delay: "delay-over",
  renewal: "renewal-due",
  deadline: "deadline-over",
} as const satisfies Record<ConnectionTimer, ConnectionEvent["type"]>;

/** What kind of failure it is decides what happens next. */
function toFailure(link: number, error: SendsarError): ConnectionEvent {
  // Another token may help: the server said so, or did not say what was wrong.
  const isTokenRefusal = error.code === "unauthorized" || error.code === "connect_refused";
  if (isTokenRefusal) return { type: "token-refused", link, error };
  if (!isTransient(error)) return { type: "refused", link, error };
  return { type: error.code === "session_unavailable" ? "session-failed" : "failed", link, error };
}

/** Whatever a credential source throws is one of ours; anything else is a defect, which no further try can help. */
const toError = (error: unknown): SendsarError =>
  error instanceof SendsarError
    ? error
    : unableTo("get a credential", reasonOf(error), { code: "invalid_session", cause: error });
