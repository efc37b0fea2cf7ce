/**
 * A resource quantity in billionths, the finest that the API keeps; undefined for a text that is none. `1`, `1000m` and
 * `1e0` are the same amount, and the server answers with another spelling than it was given.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ (apimachinery `resource/quantity.go`,
 * which rounds finer amounts up).
 */
export const toBillionths = (quantity: string | number): bigint | undefined => {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d{1,3})?$/.exec(
    String(quantity),
  );
  if (!match) return undefined;
  const [, sign, whole = "", fraction = "", suffix = ""] = match;
  if (whole === "" && fraction === "") return undefined;
  const { numerator, denominator } = toFactor(suffix);
  const top = BigInt(whole + fraction) * numerator * 1_000_000_000n;
  const bottom = denominator * 10n ** BigInt(fraction.length);
  const billionths = (top + bottom - 1n) / bottom;
  return sign === "-" ? -billionths : billionths;
};

/** The whole bytes of a quantity of memory; undefined for a text that is none. */
export const toBytes = (quantity: string | number): number | undefined => {
  const billionths = toBillionths(quantity);
  return billionths === undefined ? undefined : Number(billionths / 1_000_000_000n);
};

const binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const decimal: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, "": 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };

const toFactor = (suffix: string): { readonly numerator: bigint; readonly denominator: bigint } => {
  const step = binary.indexOf(suffix);
  if (step >= 0) return { numerator: 1024n ** BigInt(step + 1), denominator: 1n };
  const exponent = decimal[suffix] ?? Number(suffix.slice(1));
  const power = 10n ** BigInt(Math.abs(exponent));
  return exponent < 0 ? { numerator: 1n, denominator: power } : { numerator: power, denominator: 1n };
};
