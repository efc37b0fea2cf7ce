import { unableTo } from "./errors.ts";

/**
 * Runs the works of one lane one after the other, in the order of the calls, and different lanes side by side. A work that
 * fails does not stop the ones behind it. At most `waitingMax` works are unfinished at a time.
 */
export class Lanes {
  readonly #tails = new Map<string, Promise<void>>();
  readonly #waitingMax: number;
  #waiting = 0;

  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  async run<T>(lane: string, work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#waitingMax) {
      throw unableTo("send message", `${this.#waitingMax} are waiting already`, { code: "too_many_pending" });
    }
    this.#waiting += 1;
    const result = (this.#tails.get(lane) ?? Promise.resolve()).then(work);
    // The tail only tells when the next may start; the failure itself goes to the caller of `run`.
    const tail = result.then(
      () => {},
      () => {},
    );
    this.#tails.set(lane, tail);
    try {
      return await result;
    } finally {
      this.#waiting -= 1;
      if (this.#tails.get(lane) === tail) this.#tails.delete(lane);
    }
  }
}
