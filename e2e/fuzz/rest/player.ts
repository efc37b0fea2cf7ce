import type { Stage } from "../stage/stage.ts";
import type { WireRequest } from "./bind.ts";
import { bindRequest } from "./bind.ts";
import { createCheck } from "./check-schemas.ts";
import { createJudge } from "./judge.ts";
import type { Api } from "./operations.ts";
import { createPool } from "./pool.ts";
import type { PlannedRequest } from "./request.ts";
import type { WireAnswer } from "./send.ts";
import { createSender } from "./send.ts";

/** Plays planned requests against a gateway: one after the other, but for those that are to come several times at once. */
export interface Player extends Disposable {
  play(planned: PlannedRequest): Promise<Played>;
  /** Stocks up what the requests need: they wear it out. */
  restock(): Promise<void>;
  /** Operations that answered a success at least once. */
  readonly succeeded: ReadonlySet<string>;
}

/** A request that was sent, its answers, and what is wrong with them. */
export interface Played {
  readonly wire: WireRequest;
  /** None when one did not come. */
  readonly answers: readonly WireAnswer[];
  readonly problems: readonly string[];
}

export const createPlayer = (stage: Stage, api: Api): Player => {
  const pool = createPool(stage);
  const judge = createJudge({ api, check: createCheck(api), secrets: stage.secrets });
  const sender = createSender(stage.gateway.url);
  const succeeded = new Set<string>();

  /** Draws from an answer what the next requests need. */
  const follow = ({ operation, caller }: PlannedRequest, wire: WireRequest, { status, text }: WireAnswer): void => {
    if (status === 401 || status === 403) pool.forgetTokens(wire.sessionOf ?? "");
    if (status >= 400) return;
    succeeded.add(operation.id);
    if (endsSessions.has(operation.id)) pool.forgetTokens();
    if (!caller.startsWith("stranger") && operation.id !== "createToken") pool.learn(JSON.parse(text));
  };

  return {
    succeeded,
    restock: pool.restock,
    async play(planned) {
      const wire = await bindRequest(planned, pool, stage);
      let answers: readonly WireAnswer[];
      try {
        answers = await Promise.all(Array.from({ length: wire.times }, () => sender.send(wire)));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return { wire, answers: [], problems: [`no answer: ${reason}`] };
      }
      const judged = answers.map((answer) => ({ answer, problems: judge({ caller: planned.caller, wire, answer }) }));
      for (const { answer, problems } of judged) if (problems.length === 0) follow(planned, wire, answer);
      // What is wrong is shown first.
      const worstFirst = judged.toSorted((a, b) => b.problems.length - a.problems.length);
      return {
        wire,
        answers: worstFirst.map(({ answer }) => answer),
        problems: [...new Set(judged.flatMap(({ problems }) => problems))],
      };
    },
    [Symbol.dispose]: () => sender[Symbol.dispose](),
  };
};

const endsSessions = new Set(["revokeSessions", "deactivateUser", "deleteUser"]);
