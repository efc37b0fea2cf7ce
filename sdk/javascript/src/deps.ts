/**
 * What the SDK takes from its surroundings. `Sendsar.init` accepts replacements, so that tests own the clock, the dice
 * and the network; apps never need them.
 */
export interface Deps {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Runs the callback once after `delayMs`. Returns a function that cancels it. */
  readonly setTimer: (callback: () => void, delayMs: number) => () => void;
  /** A number of at least 0 and below 1. */
  readonly random: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Calls back whenever the network returns. Returns a function that ends that. */
  readonly onOnline: (callback: () => void) => () => void;
  /** Calls back whenever the page goes away, be it for a while. Returns a function that ends that. */
  readonly onPageHide: (callback: () => void) => () => void;
  /** Takes what an app's event handler threw: the SDK goes on, and the error still reaches the app's error reporting. */
  readonly reportError: (error: unknown) => void;
}

/** The real surroundings, of a browser or of Node. */
export const realDeps: Deps = {
  fetch: (url, init) => fetch(url, init),
  now: () => Date.now(),
  setTimer: (callback, delayMs) => {
    const timer = setTimeout(callback, Math.min(delayMs, timerMsMax));
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  // Not crypto.randomUUID: browsers offer that on https pages only.
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  onOnline: (callback) => onWindow("online", callback),
  onPageHide: (callback) => onWindow("pagehide", callback),
  reportError: (error) => {
    queueMicrotask(() => {
      throw error;
    });
  },
};

function onWindow(event: "online" | "pagehide", callback: () => void): () => void {
  // Node has no such events.
  if (typeof addEventListener !== "function") return () => {};
  addEventListener(event, callback);
  return () => removeEventListener(event, callback);
}

/** A longer delay would overflow in `setTimeout` and fire at once. */
const timerMsMax = 2 ** 31 - 1;
