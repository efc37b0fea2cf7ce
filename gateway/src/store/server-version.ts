/**
 * Whether a server has the corrections without which rows of one tenant could be seen by another through the planner's
 * statistics or a cached plan (CVE-2025-8713, CVE-2023-2455). `version` is what `server_version_num` says, 150014 for 15.14.
 */
export const isSafeServer = (version: number): boolean => {
  const [major, minor] = [Math.floor(version / 10_000), version % 10_000];
  const least = leastMinors[major];
  return least === undefined ? major > newestListed : minor >= least;
};

/** What to run instead, for a person. */
export const safeServers = "15.14, 16.10, 17.6, 18, or a later one of these";

const leastMinors: Readonly<Record<number, number>> = { 15: 14, 16: 10, 17: 6 };
const newestListed = 17;
