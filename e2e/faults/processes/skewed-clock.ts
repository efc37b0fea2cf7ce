import { readFileSync, writeFileSync } from "node:fs";

/**
 * Loaded into a gateway before it starts: its wall clock is off by as many milliseconds as the file says that
 * `SKEW_FILE` names, read again on SIGUSR2; what it took stands in the file of the same name with `.taken` behind it. Timers go on by the monotonic clock, as they do when a real clock is set.
 */
const file = process.env["SKEW_FILE"] ?? "";
let offsetMs = 0;
const read = (): void => {
  const text = readFileSync(file, "utf8");
  offsetMs = Number(text);
  writeFileSync(`${file}.taken`, text);
};
read();
process.on("SIGUSR2", read);

const RealDate = Date;

class SkewedDate extends RealDate {
  constructor(...given: readonly [] | ConstructorParameters<DateConstructor>) {
    if (given.length === 0) super(RealDate.now() + offsetMs);
    else super(...(given as [number]));
  }

  static override now(): number {
    return RealDate.now() + offsetMs;
  }
}

globalThis.Date = SkewedDate as DateConstructor;
