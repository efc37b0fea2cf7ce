import { writeFileSync } from "node:fs";
import type { Reporter, SerializedError, TestCase, TestModule, TestRunEndReason, TestSuite } from "vitest/node";
import type { Failure, Skip, Summary } from "./summary.ts";

/**
 * Writes what came of a Vitest run to a file. Unlike Vitest's own JSON report it has every way in which a run can go
 * wrong outside a test: a file that does not load, a hook that throws, an error that nobody awaited.
 */
export const createSummaryReporter = (outputFile: string): Reporter => ({
  onTestRunEnd(modules, unhandledErrors, reason) {
    writeFileSync(outputFile, JSON.stringify(summarize(modules, unhandledErrors, reason)));
  },
});

const summarize = (
  modules: readonly TestModule[],
  unhandledErrors: readonly SerializedError[],
  reason: TestRunEndReason,
): Summary => {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
  return {
    passed: tests.filter((test) => test.result().state === "passed").length,
    failures: [
      ...tests.filter((test) => test.result().state === "failed").map(testFailure),
      ...suites.flatMap(suiteFailures),
      ...unhandledErrors.map((error) => ({ name: "an error outside every test", reason: describe([error]) })),
      ...(reason === "interrupted" ? [{ name: "vitest", reason: "the run was interrupted" }] : []),
    ],
    skips: tests.filter(isSkipped).map(toSkip),
  };
};

const testFailure = (test: TestCase): Failure => ({
  name: `${test.module.relativeModuleId} > ${test.fullName}`,
  reason: describe(test.result().errors ?? []),
});

const suiteFailures = (suite: TestModule | TestSuite): readonly Failure[] => {
  const errors = suite.errors();
  if (errors.length === 0) return [];
  const name =
    suite.type === "module" ? suite.relativeModuleId : `${suite.module.relativeModuleId} > ${suite.fullName}`;
  return [{ name, reason: describe(errors) }];
};

/** A test that is still pending at the end did not run: the hook before it threw, or the run broke off. */
const isSkipped = (test: TestCase): boolean => ["skipped", "pending"].includes(test.result().state);

const toSkip = (test: TestCase): Skip => {
  const result = test.result();
  const reason = result.state === "skipped" ? (result.note ?? test.meta().skipReason) : "did not run";
  return { file: test.module.relativeModuleId, name: test.fullName, reason: reason ?? "no reason given" };
};

const describe = (errors: readonly SerializedError[]): string =>
  errors.map(({ message, name, stacks }) => [message || name, ...where(stacks)].join("\n")).join("\n");

/** The first place in our own code: where to look. */
const where = (stacks: SerializedError["stacks"]): readonly string[] => {
  const frame = stacks?.find(({ file }) => !file.includes("node_modules")) ?? stacks?.[0];
  return frame ? [`at ${frame.file}:${frame.line}`] : [];
};
