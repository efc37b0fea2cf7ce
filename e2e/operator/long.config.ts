import { defineConfig } from "vitest/config";
import base, { longTests } from "../../vitest.config.ts";

/** `npm run test:operator`: what takes too long for every run. One file at a time: each has a cluster of its own. */
export default defineConfig({
  ...base,
  test: { ...base.test, include: [longTests], exclude: ["**/node_modules/**"], maxWorkers: 1, hookTimeout: 180_000 },
});
