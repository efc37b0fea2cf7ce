import type { TestSpecification } from "vitest/node";
import { BaseSequencer } from "vitest/node";

/**
 * Vitest begins with the largest files. Tests of whole processes are short to write and long to run: at the end they would all
 * run at once, and the last of them alone. Here they are spread over the first two thirds.
 */
export class SpreadSequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return spreadOut(await super.sort(files), ({ moduleId }) => /\.e2e\.test\.|\/e2e\//.test(moduleId));
  }
}

/** Each kind keeps its order. */
export const spreadOut = <T>(items: readonly T[], isLong: (item: T) => boolean): T[] => {
  const long = items.filter(isLong);
  const rest = items.filter((item) => !isLong(item));
  const gap = Math.floor((rest.length * 2) / 3 / Math.max(1, long.length));
  return [
    ...long.flatMap((item, n) => [item, ...rest.slice(n * gap, (n + 1) * gap)]),
    ...rest.slice(long.length * gap),
  ];
};
