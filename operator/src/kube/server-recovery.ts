/**
 * The watches of a process tell each other that the API server answers again. Each waits by itself after a failure, and after
 * a minute without a server those waits are up to a minute long (`backoff.ts`): the first that gets through saves the others
 * the rest of theirs. client-go's reflectors know nothing of each other (`tools/cache/reflector.go`).
 */
export interface ServerRecovery {
  /** Somebody who had no answer has one. */
  announce(): void;
  /** Calls back with every announcement from now on, until it is disposed. */
  listen(heard: () => void): Disposable;
}

export const createServerRecovery = (): ServerRecovery => {
  const listeners = new Set<() => void>();
  return {
    announce() {
      for (const heard of listeners) heard();
    },
    listen(heard) {
      listeners.add(heard);
      return { [Symbol.dispose]: () => void listeners.delete(heard) };
    },
  };
};
