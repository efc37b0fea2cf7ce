/**
 * The two-sided p value of the Mann-Whitney U test, by its normal approximation with the correction for ties: how
 * likely samples at least as different as these are if both come from one distribution. For twenty samples or more of
 * each; it looks at ranks only, so a few very slow samples do not decide it.
 */
export const mannWhitney = (first: readonly number[], second: readonly number[]): number => {
  const [n1, n2] = [first.length, second.length];
  if (Math.min(n1, n2) < 20) throw new Error("unable to compare samples; there must be twenty of each");
  const { rankSum, tieSum } = rank(first, second);
  const n = n1 + n2;
  const u = rankSum - (n1 * (n1 + 1)) / 2;
  const deviation = Math.sqrt(((n1 * n2) / 12) * (n + 1 - tieSum / (n * (n - 1))));
  // All samples alike: nothing tells the two apart.
  if (deviation === 0) return 1;
  return 2 * upperTail(Math.abs(u - (n1 * n2) / 2) / deviation);
};

/** The sum of the first samples' ranks among all, equal ones sharing their mean rank, and the sum of t^3 - t over ties. */
const rank = (first: readonly number[], second: readonly number[]): { rankSum: number; tieSum: number } => {
  const all = [...first.map((value) => ({ value, mine: true })), ...second.map((value) => ({ value, mine: false }))];
  all.sort((a, b) => a.value - b.value);
  let [rankSum, tieSum, start] = [0, 0, 0];
  while (start < all.length) {
    const value = all[start]?.value;
    let end = start;
    while (end < all.length && all[end]?.value === value) end++;
    const tied = all.slice(start, end);
    rankSum += tied.filter(({ mine }) => mine).length * ((start + 1 + end) / 2);
    tieSum += tied.length ** 3 - tied.length;
    start = end;
  }
  return { rankSum, tieSum };
};

/** P(Z > z) of the standard normal distribution: Abramowitz and Stegun 26.2.17, off by less than 1e-7. */
const upperTail = (z: number): number => {
  const t = 1 / (1 + 0.2316419 * z);
  const series = [1.330274429, -1.821255978, 1.781477937, -0.356563782, 0.31938153];
  const sum = series.reduce((inner, coefficient) => inner * t + coefficient, 0) * t;
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * sum;
};
