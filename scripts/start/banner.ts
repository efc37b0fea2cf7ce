import type { DevFile } from "./dev-file.ts";
import type { Home } from "./home.ts";

/** What a reader needs once everything runs. */
export const banner = (dev: DevFile, { devFile, logsDir }: Home): string => {
  const rows: readonly (readonly [string, string])[] = [
    ["API", dev.apiUrl],
    ["API key", dev.apiKey],
    ["Webhook secret", dev.webhookSecret],
    ["API reference", dev.docsUrl],
    ["Demo page", dev.demoUrl],
    ["Kept in", devFile],
    ["Logs", logsDir],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const table = rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`).join("\n");
  return `\nSendsar runs, with the tenant "demo":\n\n${table}\n\nCtrl-C stops everything.\n`;
};
