/** What a transition answers: the next state, and what is to be done, in this order. */
export type Step<State, Effect> = readonly [next: State, effects: readonly Effect[]];

/**
 * Runs a pure transition function: keeps the state and has the effects done. One event at a time: an event that comes
 * while effects are being done (an app's handler calls back) waits until all of them are.
 */
export class Machine<State, Event, Effect> {
  #state: State;
  readonly #step: (state: State, event: Event) => Step<State, Effect>;
  readonly #perform: (effect: Effect) => void;
  readonly #events: Event[] = [];
  #isRunning = false;

  constructor(
    start: State,
    step: (state: State, event: Event) => Step<State, Effect>,
    perform: (effect: Effect) => void,
  ) {
    this.#state = start;
    this.#step = step;
    this.#perform = perform;
  }

  /** The state after the latest event that was taken. */
  get state(): State {
    return this.#state;
  }

  /** Takes an event, now or right after those before it. */
  dispatch(event: Event): void {
    this.#events.push(event);
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        const [state, effects] = this.#step(this.#state, next);
        this.#state = state;
        for (const effect of effects) this.#perform(effect);
      }
    } finally {
      this.#isRunning = false;
    }
  }
}
