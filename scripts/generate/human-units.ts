/** A limit with its unit, as a person writes it: `64 KiB`, `10 s`, `255 characters`. The unit stands last in the name. */
export const toHumanLimit = (name: string, value: number): string => {
  const stem = name.replace(/(Max|Min|Default)$/, "");
  if (/Bytes$/.test(stem)) return toBytes(value);
  if (/Ms$/.test(stem)) return toDuration(value);
  if (/PerSecond$/.test(stem)) return `${grouped(value)} per second`;
  if (/PerMinute$/.test(stem)) return `${grouped(value)} per minute`;
  if (/Seconds$/.test(stem)) return toDuration(value * 1000);
  if (/Chars$/.test(stem)) return `${grouped(value)} characters`;
  return grouped(value);
};

const grouped = (value: number): string => value.toLocaleString("en-US");

const toBytes = (bytes: number): string => {
  if (bytes % 1024 ** 2 === 0) return `${grouped(bytes / 1024 ** 2)} MiB`;
  return bytes % 1024 === 0 ? `${grouped(bytes / 1024)} KiB` : `${grouped(bytes)} bytes`;
};

/** From the largest unit down: the first that divides the value without a rest is used. */
const durations = [
  [86_400_000, "d"],
  [3_600_000, "h"],
  [60_000, "min"],
  [1000, "s"],
] as const;

const toDuration = (ms: number): string => {
  const unit = durations.find(([size]) => ms >= size && ms % size === 0);
  return unit === undefined ? `${grouped(ms)} ms` : `${grouped(ms / unit[0])} ${unit[1]}`;
};
