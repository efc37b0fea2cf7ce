import { expect, test } from "vitest";
import { isSafeServer } from "../src/store/server-version.ts";

test.each([
  [90_624, false],
  [140_022, false],
  [150_000, false],
  [150_013, false],
  [150_014, true],
  [150_020, true],
  [160_009, false],
  [160_010, true],
  [170_005, false],
  [170_006, true],
  [180_000, true],
  [190_001, true],
  [Number.NaN, false],
])("J12 server_version_num %i: good to serve from is %s", (version, safe) => {
  expect(isSafeServer(version)).toBe(safe);
});
