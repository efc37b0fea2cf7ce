import type { LoadAnswer, LoadCommand } from "../driver/protocol.ts";
import type { Sample, Subject } from "../measure/rounds.ts";
import { isClean } from "../driver/order-book.ts";
import type { SqlLoopAnswer, SqlLoopCommand } from "../floors/sql-loop.ts";
import type { Lab, Server } from "../system/lab.ts";
import { WrongDelivery } from "./workload.ts";

export interface LoadSubjectOptions {
  readonly name: string;
  readonly lab: Lab;
  /** CPU of its own processes. */
  readonly cpuMicros: () => number;
  /** Does it use the lab's Postgres? */
  readonly usesPostgres: boolean;
  readonly command: Omit<LoadCommand, "kind">;
  readonly unit: "message" | "delivery";
  /** Must it deliver everything once and in order? The reference cannot; what it got wrong is counted. */
  readonly strict: boolean;
  readonly extra?: (answer: LoadAnswer) => Readonly<Record<string, number>>;
}

/** A subject whose turn is one load. Its CPU is taken from the first send until everything has arrived. */
export const loadSubject = (options: LoadSubjectOptions): Subject => {
  const { name, lab, cpuMicros, usesPostgres, command, unit, strict, extra } = options;
  return {
    name,
    async turn() {
      const postgres = usesPostgres ? await lab.postgres() : undefined;
      const cpu = cpuMicros();
      const postgresCpu = postgres?.cpuMicros() ?? 0;
      const driverCpu = lab.driver.cpuMicros();
      const answer = await lab.driver.run({ kind: "load", ...command });
      const sample = {
        cpuMicros: cpuMicros() - cpu,
        postgresMicros: (postgres?.cpuMicros() ?? 0) - postgresCpu,
        wallMs: answer.allMs,
        units: unit === "message" ? answer.acked : answer.deliveries,
      };
      const { violations } = answer;
      if (strict && !isClean(violations)) throw new WrongDelivery(`${name}: ${JSON.stringify(violations)}`);
      return {
        ...sample,
        extra: {
          ...{ turns: 1, driverMs: (lab.driver.cpuMicros() - driverCpu) / 1000 },
          ...{ lost: violations.lost, inverted: violations.inverted, duplicated: violations.duplicated },
          ...extra?.(answer),
        },
      };
    },
  };
};

/** A subject whose turn is a loop of one SQL statement in a process of its own. */
export const sqlSubject = (name: string, lab: Lab, loop: Server, command: SqlLoopCommand): Subject => ({
  name,
  async turn(): Promise<Sample> {
    const postgres = await lab.postgres();
    const cpu = loop.cpuMicros();
    const postgresCpu = postgres.cpuMicros();
    const answered = new Promise<SqlLoopAnswer>((resolve, reject) => {
      loop.child.onceMessage(resolve);
      void loop.child.ended.then((how) => reject(new Error(`unable to run SQL; the loop ended with ${how}`)));
    });
    loop.child.send(command);
    const { rows, ms } = await answered;
    return {
      units: rows,
      wallMs: ms,
      cpuMicros: loop.cpuMicros() - cpu,
      postgresMicros: postgres.cpuMicros() - postgresCpu,
    };
  },
});
