import { execFile } from "node:child_process";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { promisify } from "node:util";
import type { Verdict } from "../../checker/check-history.ts";
import { rules } from "../../checker/violation.ts";
import type { Outcome } from "../rows/player.ts";
import { isKept } from "../rows/player.ts";
import type { Scale } from "../stage/scale.ts";
import { cellsOf, columns, remarksOf } from "./table.ts";

export interface PageFacts {
  readonly outcomes: readonly Outcome[];
  readonly scale: Scale;
  readonly pods: number;
  readonly seed: number;
  readonly minutes: number;
  readonly projectDir: string;
}

/** The page for docs/reference: what was done, on what, and what came of it. */
export const renderPage = async (facts: PageFacts): Promise<string> => {
  const { outcomes } = facts;
  const sum = (count: (verdict: Verdict) => number): string =>
    outcomes.reduce((all, one) => all + ("result" in one ? count(one.result.verdict) : 0), 0).toLocaleString("en-US");
  const kept = outcomes.filter(isKept).length;
  return `# Fault report

Written by the fault run (\`e2e/faults/run.ts\`); not edited by hand. A run takes real gateways, one real Postgres that waits
for its disk, real sockets, and breaks one thing after the other while messages are sent. A checker then compares what every
sender was answered, what every client was shown, what REST answers and what the tables hold.

In this run ${sum(({ figures }) => figures.acknowledged)} messages were acknowledged and shown ${sum(({ figures }) => figures.shown)} times, with
**${sum(({ counts }) => counts.lost)} lost, ${sum(({ counts }) => counts.duplicated)} duplicated, ${sum(({ counts }) => counts.inverted)} out of order, ${sum(({ counts }) => counts.foreign)} at somebody of another tenant**; all promises were kept in ${kept} of
${outcomes.length} rows.

${await renderFacts(facts)}

## Rows

${renderMarkdownTable(outcomes)}

- **Messages**: acknowledged to their senders. **Shown**: received live by clients; what they read is not counted.
- **Lost**: acknowledged and missing in the tables, in the history, or at a member. **Other**: any other breach of the rules.
- **Recovery**: the longest time from the end of a fault until, in every room, a message that was sent after it was
  acknowledged and shown to all members, and everybody had caught up.
- **Catch-up**: from the last acknowledgement until the last client had everything.

## The rules

${Object.entries(rules)
  .map(([number, rule]) => `${number}. ${rule}`)
  .join("\n")}

## Row by row

${outcomes.map(renderRow).join("\n\n")}

${notPlayed}
`;
};

const renderFacts = async ({ scale, pods, seed, minutes, projectDir }: PageFacts): Promise<string> => {
  const { rooms, users, senders, messagesPerSecond, guests, sdkShare } = scale;
  const facts = {
    Date: new Date().toISOString().slice(0, 10),
    Commit: await commitOf(projectDir),
    Machine: `${cpus()[0]?.model.trim() ?? "unknown"}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release()}, Node ${process.version}; everything on this one machine, clients included`,
    Duration: `${minutes.toFixed(1)} minutes, seed ${seed}`,
    Load: `${pods} gateways; ${rooms} rooms of about 10 and ${users} users in each of two, and a small second tenant with the same names; ${senders} senders, ${messagesPerSecond} messages/s of 10 B to 16 KB; ${guests} guests added and removed all the time; one of ten clients comes and goes`,
    Clients: `plain Socket.IO as the published clients use it (no \`seq\`, no \`join-room\` after a reconnect, missed messages read by REST), and ${Math.round(sdkShare * 100)} % on our SDK`,
    Commands: "`npm run test:faults`; one row: `npm run test:faults -- --row 4`",
  };
  const lines = Object.entries(facts).map(([name, fact]) => `| ${name} | ${fact} |`);
  return ["| | |", "| --- | --- |", ...lines].join("\n");
};

const renderMarkdownTable = (outcomes: readonly Outcome[]): string => {
  const toLine = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [toLine(columns), toLine(columns.map(() => "---")), ...outcomes.map((one) => toLine(cellsOf(one)))].join("\n");
};

const renderRow = (outcome: Outcome): string => {
  const { id, title, how } = outcome.row;
  return [
    `### F${String(id).padStart(2, "0")} ${title}`,
    "",
    `${how}.`,
    "",
    ...remarksOf(outcome).map((line) => `- ${line}`),
  ].join("\n");
};

const commitOf = async (projectDir: string): Promise<string> => {
  try {
    const { stdout } = await promisify(execFile)("git", ["-C", projectDir, "rev-parse", "--short", "HEAD"]);
    return stdout.trim();
  } catch {
    // A copy without its history.
    return "unknown";
  }
};

const notPlayed = `## Not played

| Rows | Why |
| --- | --- |
| F09, F10, F17 | read-only and failover need a second server, a pooler is in no registry that the project uses |
| F14, F26 | a full disk and few file descriptors need rights that not every machine gives |
| F21, F22, F23 | webhooks, push and the worker: nothing to break before they are there |
| F24 | less memory: Node ends a process that needs more than it may have, which is F01 |
| F28, F29 | a migration under load and two versions at once need a second version |
| F30 to F34 | the operator, name resolution and uploads: nothing to break before they are there |

Of the rows that are played, F15 and F16 lose packets as TCP shows it: data that comes late, not data that is missing. F20 moves
the clock that the program sees, not the machine's. F25 takes the processor away by stopping the process most of the time.
F27 does the same for three seconds at a stretch, which to everybody else is a blocked event loop.`;
