/**
 * Seconds of a duration as a Tenant's spec has it: hours, minutes, seconds (`720h`, `1h30m`). The schema has refused
 * everything else.
 */
export const toSeconds = (duration: string): number => {
  const [, hours = "0", minutes = "0", seconds = "0"] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(duration) ?? [];
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
};
