/**
 * Loaded into a process before anything else (`node --import`): its time of day is off by `CLOCK_SKEW_MS`. What measures
 * durations goes on as it does on a machine whose clock is wrong.
 */
const offMs = Number(process.env["CLOCK_SKEW_MS"]);
const { now } = Date;

globalThis.Date = new Proxy(Date, {
  construct: (target, given, self) =>
    Reflect.construct(target, given.length === 0 ? [now() + offMs] : given, self) as object,
  get: (target, name) => (name === "now" ? () => now() + offMs : (Reflect.get(target, name) as unknown)),
});
