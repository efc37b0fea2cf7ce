import type { Deps } from "./deps.ts";
import { SendsarError, reasonOf, unableTo } from "./errors.ts";
import type { ConnectionState } from "./options.ts";
import { isTransient } from "./retry.ts";
import type { Credential, CredentialSource } from "./session.ts";
import { type LiveSocket, type Receive, openSocket } from "./socket.ts";
import { type Deferred, abortedError, backoffMs, createDeferred } from "./timing.ts";
import type { UpEvents } from "./wire.ts";

/** What a connection tells its owner. */
export interface ConnectionHooks {
  readonly onState: (state: ConnectionState, reason?: string) => void;
  /** Another socket is in use. Resolves when everything that must be said on it was answered; never rejects. */
  readonly onUp: (userId: string) => Promise<void>;
  /** The socket is gone and there is no other one yet. */
  readonly onDown: () => void;
  readonly receive: Receive;
}

/**
 * One user's line to the gateway, from `start` until `stop` or a refusal for good.
 *
 * - Guarantees: at most one socket is written to. After a drop another one is opened, for as long as it takes, with
 *   growing and jittered delays. Before a token ends, a socket with the next token is opened first and the old one
 *   closed after, so that no event falls in between; the same event may then arrive on both.
 * - Lifecycle: connecting, connected <-> reconnecting, disconnected. The last one is final for this object.
 * - Concurrency: one loop (`#run`) owns the socket; `stop` and `retryNow` only signal it.
 */
export class Connection {
  readonly #deps: Deps;
  readonly #source: CredentialSource;
  readonly #hooks: ConnectionHooks;
  readonly #ending = new AbortController();
  #state: ConnectionState = "connecting";
  #socket: LiveSocket | undefined;
  #up = createDeferred<void>();
  #pause: Deferred<void> | undefined;
  #attempt = 0;
  #lastFailure = "";
  #cleanUp: () => void = () => {};

  constructor(deps: Deps, source: CredentialSource, hooks: ConnectionHooks) {
    this.#deps = deps;
    this.#source = source;
    this.#hooks = hooks;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Begins to connect. Call once; does nothing after `stop`. */
  start(): void {
    if (this.#ending.signal.aborted) return;
    this.#hooks.onState("connecting");
    const stopListening = this.#deps.onOnline(() => this.retryNow());
    const cancelDeadline = this.#deps.setTimer(() => this.#giveUp(), connectMsMax);
    this.#cleanUp = () => {
      stopListening();
      cancelDeadline();
    };
    void this.#up.promise.then(cancelDeadline, cancelDeadline);
    void this.#run();
  }

  /** Resolves when connected, now or next time. Rejects when the connection ends before that. */
  whenUp(): Promise<void> {
    return this.#up.promise;
  }

  /** Says something to the server; false if there is no socket to say it on. */
  emit<Name extends keyof UpEvents>(name: Name, payload: UpEvents[Name]): boolean {
    this.#socket?.emit(name, payload);
    return this.#socket !== undefined;
  }

  /** Cuts the present delay short. */
  retryNow(): void {
    this.#pause?.resolve();
  }

  /** Ends the connection at once. Safe to repeat. */
  stop(reason: string): void {
    this.#end(abortedError("connect", reason), undefined);
  }

  async #run(): Promise<void> {
    try {
      let link = await this.#establish(true);
      for (;;) {
        const upSinceMs = this.#deps.now();
        const reason = await this.#useUntilClosed(link);
        if (this.#ending.signal.aborted) return;
        // A socket that is cut again and again must not start from the shortest delay every time.
        if (this.#deps.now() - upSinceMs >= stableMs) this.#attempt = 0;
        this.#goDown(reason);
        link = await this.#establish(false);
      }
    } catch (error) {
      this.#end(error, reasonOf(error));
    }
  }

  /** Opens a socket, however many tries it takes. Rejects when no further try can help. */
  async #establish(isFirst: boolean): Promise<Link> {
    for (let isRetry = !isFirst; ; isRetry = true) {
      if (isRetry) await this.#waitBeforeRetry();
      try {
        const link = await this.#open(await this.#source.fresh());
        void this.#goUp(link);
        return link;
      } catch (error) {
        this.#lastFailure = reasonOf(error);
        const isSessionFailure = error instanceof SendsarError && error.code === "session_unavailable";
        if (!isTransient(error) || (isFirst && isSessionFailure)) throw error;
      }
    }
  }

  /** One try; a token that is refused is renewed once. */
  async #open(credential: Credential): Promise<Link> {
    const open = (using: Credential): Promise<LiveSocket> =>
      openSocket(this.#deps, using, this.#ending.signal, this.#hooks.receive);
    try {
      return { credential, socket: await open(credential) };
    } catch (error) {
      if (!isTokenRefusal(error)) throw error;
      const renewed = await this.#source.renew(credential);
      if (renewed === undefined) throw error;
      return { credential: renewed, socket: await open(renewed) };
    }
  }

  /** Resolves with the reason when the socket, or the one that took its place, is closed. */
  async #useUntilClosed(link: Link): Promise<string> {
    for (let current = link; ;) {
      const due = createDeferred<undefined>();
      const delayMs = current.credential.renewAtMs - this.#deps.now();
      const cancel = delayMs === Infinity ? () => {} : this.#deps.setTimer(() => due.resolve(undefined), delayMs);
      const reason = await Promise.race([current.socket.closed, due.promise]);
      cancel();
      if (reason !== undefined) return reason;
      current = await this.#replace(current);
    }
  }

  /** The same line with the next token. When that is not to be had, the old socket stays in use and it is tried again. */
  async #replace(old: Link): Promise<Link> {
    try {
      const credential = await this.#source.fresh();
      if (credential.token === old.credential.token) return { credential, socket: old.socket };
      const link = await this.#open(credential);
      void this.#goUp(link).finally(() => old.socket.close());
      return link;
    } catch (error) {
      if (!isTransient(error)) throw error;
      const renewAtMs = this.#deps.now() + replaceRetryMs;
      return { credential: { ...old.credential, renewAtMs }, socket: old.socket };
    }
  }

  #goUp({ socket, credential }: Link): Promise<void> {
    this.#socket = socket;
    const isNews = this.#state !== "connected";
    const said = this.#hooks.onUp(credential.userId);
    if (isNews) {
      this.#setState("connected");
      this.#up.resolve();
    }
    return said;
  }

  #goDown(reason: string): void {
    this.#socket = undefined;
    this.#up = createDeferred();
    this.#hooks.onDown();
    this.#setState("reconnecting", reason);
  }

  async #waitBeforeRetry(): Promise<void> {
    this.#ending.signal.throwIfAborted();
    const pause = createDeferred<void>();
    this.#pause = pause;
    const delayMs = backoffMs(reconnectBackoff, this.#attempt, this.#deps.random);
    this.#attempt += 1;
    const cancel = this.#deps.setTimer(() => pause.resolve(), delayMs);
    try {
      await pause.promise;
    } finally {
      cancel();
      this.#pause = undefined;
    }
  }

  #giveUp(): void {
    const detail = this.#lastFailure === "" ? "" : ` (${this.#lastFailure})`;
    const reason = `not connected within ${connectMsMax / 1000} s${detail}`;
    this.#end(unableTo("connect", reason, { code: "timeout" }), reason);
  }

  #end(error: unknown, reason: string | undefined): void {
    if (this.#ending.signal.aborted) return;
    this.#cleanUp();
    this.#ending.abort(error);
    this.#pause?.reject(error);
    this.#socket = undefined;
    this.#hooks.onDown();
    this.#up.reject(error);
    // Somebody who waits from now on must be told as well.
    this.#up = createDeferred();
    this.#up.reject(error);
    this.#setState("disconnected", reason);
  }

  #setState(state: ConnectionState, reason?: string): void {
    this.#state = state;
    this.#hooks.onState(state, reason);
  }
}

/** A socket and the credential it was opened with. */
interface Link {
  readonly socket: LiveSocket;
  readonly credential: Credential;
}

/** How long the first `connect` may take. */
const connectMsMax = 30_000;

/** Delays of 0.5 to 15 seconds: thousands of clients of a gateway that dies come back spread out. */
const reconnectBackoff = { baseMs: 1000, maxMs: 10_000 };

/** A socket that lived this long was a good one. */
const stableMs = 10_000;

/** When to try again to replace a socket whose token is about to end. */
const replaceRetryMs = 30_000;

/** True if another token may help: the server said so, or did not say what was wrong. */
const isTokenRefusal = (error: unknown): boolean =>
  error instanceof SendsarError && (error.code === "unauthorized" || error.code === "connect_refused");
