/**
 * Runs one call at a time. What is offered while one is under way waits, and only the latest of it: for calls where each
 * makes those before it pointless, such as receipts. `run` must not reject.
 */
export class LatestOnly<Value> {
  readonly #run: (value: Value) => Promise<void>;
  #isRunning = false;
  #next: { readonly value: Value } | undefined;

  constructor(run: (value: Value) => Promise<void>) {
    this.#run = run;
  }

  offer(value: Value): void {
    this.#next = { value };
    if (!this.#isRunning) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#isRunning = true;
    for (let next = this.#take(); next !== undefined; next = this.#take()) await this.#run(next.value);
    this.#isRunning = false;
  }

  #take(): { readonly value: Value } | undefined {
    const next = this.#next;
    this.#next = undefined;
    return next;
  }
}
