/** A function that takes the payload of an event. */
export type Handler<Payload> = (payload: Payload) => void;

/**
 * Typed event handlers. A handler that throws stops neither the others nor the SDK: its error goes to `reportError`. A
 * handler that is added twice is called once.
 */
export class Emitter<Events extends object> {
  readonly #handlers = new Map<keyof Events, Set<Handler<never>>>();
  readonly #reportError: (error: unknown) => void;

  constructor(reportError: (error: unknown) => void) {
    this.#reportError = reportError;
  }

  on<Name extends keyof Events>(name: Name, handler: Handler<Events[Name]>): () => void {
    const handlers = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, handlers.add(handler));
    return () => this.off(name, handler);
  }

  off<Name extends keyof Events>(name: Name, handler: Handler<Events[Name]>): void {
    this.#handlers.get(name)?.delete(handler);
  }

  emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    const handlers = (this.#handlers.get(name) ?? []) as Iterable<Handler<Events[Name]>>;
    for (const handler of [...handlers]) {
      try {
        handler(payload);
      } catch (error) {
        this.#reportError(error);
      }
    }
  }
}
