import type { TenantSettings } from "./wire.ts";

/** What clients need of the tenant's settings. */
export type ChatSettings = TenantSettings["chat"];

/**
 * Keeps the settings for a while, so that a login costs the gateway one call and not two. Those who ask while they are
 * being read get the same answer. When reading fails, older settings are good enough; without any, it rejects.
 */
export function createSettingsCache(
  readSettings: () => Promise<TenantSettings>,
  msMax: number,
  onError: (error: unknown) => void,
  now: () => number = Date.now,
): () => Promise<ChatSettings> {
  let kept: { readonly settings: ChatSettings; readonly readAtMs: number } | undefined;
  let reading: Promise<ChatSettings> | undefined;
  const read = async (): Promise<ChatSettings> => {
    try {
      kept = { settings: (await readSettings()).chat, readAtMs: now() };
    } catch (error) {
      if (kept === undefined) throw error;
      onError(error);
      kept = { ...kept, readAtMs: now() };
    } finally {
      reading = undefined;
    }
    return kept.settings;
  };
  return async () => {
    if (kept !== undefined && now() - kept.readAtMs < msMax) return kept.settings;
    return (reading ??= read());
  };
}
