import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { summaryFileVariable } from "./scripts/testing/run-vitest.ts";
import { createSummaryReporter } from "./scripts/testing/summary-reporter.ts";

const summaryFile = process.env[summaryFileVariable];

/**
 * What a test needs stands in its name: `x.test.ts` nothing, `x.pg.test.ts` Postgres, `x.browser.test.ts` also
 * Chromium, `x.e2e.test.ts` the whole stack of `npm start`.
 */
export default defineConfig({
  // Tests see the package's source; a program that a test starts sees what is built of it.
  resolve: { alias: { "@sendsar/server-sdk": join(import.meta.dirname, "sdk/server/src/server-sdk.ts") } },
  test: {
    include: ["{gateway,sdk,scripts,docs,e2e}/**/*.test.ts"],
    globalSetup: ["./scripts/testing/global-setup.ts"],
    reporters: ["default", ...(summaryFile ? [createSummaryReporter(summaryFile)] : [])],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    pool: "forks",
  },
});
