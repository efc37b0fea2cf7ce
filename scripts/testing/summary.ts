/** What came of a run of tests, in a form that travels between processes as JSON. */
export interface Summary {
  readonly passed: number;
  /** At least one entry for each failure that counts. */
  readonly failures: readonly Failure[];
  readonly skips: readonly Skip[];
}

export interface Failure {
  /** Path from the root of the project and the test's full name, or the name of a step. */
  readonly name: string;
  readonly reason: string;
}

export interface Skip {
  /** Path from the root of the project. */
  readonly file: string;
  /** Full name of the test. */
  readonly name: string;
  readonly reason: string;
}

/** Several runs as one. */
export const addSummaries = (summaries: readonly Summary[]): Summary => ({
  passed: summaries.reduce((sum, { passed }) => sum + passed, 0),
  failures: summaries.flatMap(({ failures }) => failures),
  skips: summaries.flatMap(({ skips }) => skips),
});

/** The end of the output: what was skipped and why, what failed and why, and the counts in the last line. */
export const renderSummary = ({ passed, failures, skips }: Summary): string => {
  const parts: string[] = [];
  if (skips.length > 0) parts.push(`SKIPPED\n${renderSkips(skips)}\n`);
  if (failures.length > 0) parts.push(`FAILED\n${failures.map(renderFailure).join("\n")}\n`);
  parts.push(`${passed} passed, ${failures.length} failed, ${skips.length} skipped`);
  return parts.join("\n");
};

/** Skips of one file for one reason make one line. */
const renderSkips = (skips: readonly Skip[]): string =>
  [...Map.groupBy(skips, ({ file, reason }) => `${file}: ${reason}`)]
    .map(([line, group]) => `  ${line} (${group.length} ${group.length === 1 ? "test" : "tests"})`)
    .join("\n");

const renderFailure = ({ name, reason }: Failure): string => `  ${name}\n    ${reason.replaceAll("\n", "\n    ")}`;
