import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { summaryFileVariable } from "./scripts/testing/run-vitest.ts";
import { SpreadSequencer } from "./scripts/testing/spread-sequencer.ts";
import { createSummaryReporter } from "./scripts/testing/summary-reporter.ts";

const summaryFile = process.env[summaryFileVariable];

/** Tests that take minutes: `npm run test:operator`. */
export const longTests = "e2e/**/*.long.kube.test.ts";

/**
 * What a test needs stands in its name: `x.test.ts` nothing, `x.pg.test.ts` Postgres, `x.kube.test.ts` a real API server of
 * Kubernetes (skipped with a reason where its programs cannot be had), `x.browser.test.ts` also
 * Chromium, `x.e2e.test.ts` the whole stack of `npm start`.
 */
export default defineConfig({
  // Tests see the package's source; a program that a test starts sees what is built of it.
  resolve: { alias: { "@sendsar/server-sdk": join(import.meta.dirname, "sdk/server/src/server-sdk.ts") } },
  test: {
    include: ["{gateway,operator,crds,sdk,scripts,docs,e2e}/**/*.test.ts"],
    exclude: ["**/node_modules/**", longTests],
    globalSetup: ["./scripts/testing/global-setup.ts"],
    reporters: ["default", ...(summaryFile ? [createSummaryReporter(summaryFile)] : [])],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Most tests wait for something more than they work: one more than there are cores keeps these busy.
    maxWorkers: 3,
    sequence: { sequencer: SpreadSequencer },
    pool: "forks",
  },
});
