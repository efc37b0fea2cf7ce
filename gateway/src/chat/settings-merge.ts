/** Settings as they are stored: any JSON below the keys. */
export type SettingsJson = Readonly<Record<string, unknown>>;

export const isJsonObject = (value: unknown): value is SettingsJson =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Merges a change into settings, key by key; `null` takes a key away (RFC 7396, JSON Merge Patch). */
export const mergeSettings = (target: SettingsJson, patch: SettingsJson): SettingsJson => {
  const merged: Record<string, unknown> = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = isJsonObject(value) ? mergeSettings(toObject(merged[key]), value) : value;
  }
  return merged;
};

/** Dotted paths of the values that settings have; an empty object has none. */
export const listPaths = (settings: SettingsJson, prefix = ""): string[] =>
  Object.entries(settings).flatMap(([key, value]) =>
    isJsonObject(value) ? listPaths(value, `${prefix}${key}.`) : [`${prefix}${key}`],
  );

/** Dotted paths of the managed values that a change would touch: by naming them, or what they are in, or what is in them. */
export const listManagedTouched = (managed: SettingsJson, patch: SettingsJson, prefix = ""): string[] =>
  Object.entries(patch).flatMap(([key, value]) => {
    if (!Object.hasOwn(managed, key)) return [];
    const held = managed[key];
    const path = `${prefix}${key}`;
    if (!isJsonObject(held)) return [path];
    return isJsonObject(value) ? listManagedTouched(held, value, `${path}.`) : listPaths(held, `${path}.`);
  });

/** The values that were managed before and are not any more. */
export const findFreed = (before: SettingsJson, after: SettingsJson): SettingsJson =>
  Object.fromEntries(
    Object.entries(before).flatMap(([key, value]): [string, unknown][] => {
      const still = Object.hasOwn(after, key) ? after[key] : undefined;
      if (!isJsonObject(value)) return still === undefined ? [[key, value]] : [];
      if (still !== undefined && !isJsonObject(still)) return [];
      const freed = findFreed(value, still ?? {});
      return Object.keys(freed).length > 0 ? [[key, freed]] : [];
    }),
  );

const toObject = (value: unknown): SettingsJson => (isJsonObject(value) ? value : {});
