import type { TestGateway } from "./gateway.ts";

const errorLevel = 50;

/** Lines of the log that report a failure of the gateway's own: every 5xx has one, and so has a failed socket event. */
export const loggedFailures = ({ log }: Pick<TestGateway, "log">): string[] =>
  log.filter((line) => (JSON.parse(line) as { level: number }).level >= errorLevel);
