import type { Answers, Command, Request, Response } from "./protocol.ts";
import { cpuMicrosOf } from "../measure/cpu.ts";
import { cores } from "../measure/pin.ts";
import { startNodeChild } from "../system/child.ts";

/** The driver process, seen from the benchmark. */
export interface Driver extends AsyncDisposable {
  readonly pid: number;
  cpuMicros(): number;
  /** Rejects with what went wrong over there. Several commands may be under way. */
  run<K extends Command["kind"]>(command: Command & { readonly kind: K }): Promise<Answers[K]>;
}

/** Starts one on the driver's core. */
export const startDriver = (logFile: string): Driver => {
  const child = startNodeChild({ script: "bench/driver/main.ts", core: cores.driver, logFile });
  const waiting = new Map<number, PromiseWithResolvers<never>>();
  let nextId = 0;
  child.onMessage((response: Response) => {
    const one = waiting.get(response.id);
    waiting.delete(response.id);
    if ("error" in response) one?.reject(new Error(response.error));
    else one?.resolve(response.answer as never);
  });
  void child.ended.then((how) => {
    for (const one of waiting.values()) one.reject(new Error(`unable to drive; the driver ended with ${how}`));
  });
  return {
    pid: child.pid,
    cpuMicros: () => cpuMicrosOf(child.pid),
    run(command) {
      const id = nextId++;
      const answer = Promise.withResolvers<never>();
      waiting.set(id, answer);
      child.send({ id, command } satisfies Request);
      return answer.promise;
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
};
