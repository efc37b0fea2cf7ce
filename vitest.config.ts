import { defineConfig } from "vitest/config";

/** What a test needs stands in its name: `x.test.ts` nothing, `x.pg.test.ts` Postgres, `x.browser.test.ts` also Chromium. */
export default defineConfig({
  test: {
    include: ["{gateway,sdk,scripts,docs,e2e}/**/*.test.ts"],
    globalSetup: ["./scripts/testing/global-setup.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    pool: "forks",
  },
});
