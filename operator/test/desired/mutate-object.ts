/** Where a value stands inside an object. */
export type ValuePath = readonly (string | number)[];

/** The paths of all that is stated in an object: texts, numbers, booleans, items of lists, and empty records and lists. */
export const findPaths = (value: unknown, path: ValuePath = []): ValuePath[] => {
  if (Array.isArray(value) && value.length > 0) {
    return value.flatMap((item: unknown, index) => [[...path, index], ...findPaths(item, [...path, index])]);
  }
  if (typeof value === "object" && value !== null && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([key, part]) => findPaths(part, [...path, key]));
  }
  return [path];
};

/** A copy without what stands there: a key of a record, or an item of a list. */
export const without = <T>(object: T, path: ValuePath): T =>
  change(object, path, (holder, key) => {
    if (Array.isArray(holder)) holder.splice(Number(key), 1);
    else delete (holder as Record<string, unknown>)[String(key)];
  });

/** A copy with another value there. */
export const withValue = <T>(object: T, path: ValuePath, value: unknown): T =>
  change(object, path, (holder, key) => {
    (holder as Record<string | number, unknown>)[key] = value;
  });

export const readAt = (object: unknown, path: ValuePath): unknown =>
  path.reduce((value, key) => (value as Record<string | number, unknown>)[key], object);

const change = <T>(object: T, path: ValuePath, edit: (holder: object, key: string | number) => void): T => {
  const copy = structuredClone(object);
  const key = path.at(-1);
  if (key === undefined) throw new Error("unable to change a value; the path is empty");
  edit(readAt(copy, path.slice(0, -1)) as object, key);
  return copy;
};
