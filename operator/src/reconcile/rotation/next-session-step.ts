import type { StoredCredential } from "../../database/tenant-registry.ts";
import { toSuccessorId } from "./credential-id.ts";
import type { PolicyInput, Step } from "./next-step.ts";
import { keepUp } from "./next-step.ts";

/**
 * The same for the keys that sign sessions, which are in the database only: there is nothing to write beforehand, and the
 * newest without an end is the one in force. Its id tells whether it was made for the token of the spec, so that a crash
 * between the key and the status makes no second one.
 */
export const nextSessionStep = (input: SessionInput): Step => {
  const current = findCurrent(input.rows);
  if (!current)
    return { do: "insert", id: toSuccessorId(newestOf(input.rows)?.id ?? input.tenantId, input.rotationToken) };
  const tokenChanged = input.tokenChanged && !isServed(input);
  const step = keepUp({ ...input, tokenChanged }, current);
  return step.do === "write-pending" ? { do: "insert", id: toSuccessorId(current.id, input.rotationToken) } : step;
};

/** Is the key in force the one that was made for the token of the spec? */
export const isServed = ({ rows, rotationToken }: Pick<SessionInput, "rows" | "rotationToken">): boolean => {
  const current = findCurrent(rows);
  return current !== undefined && rows.some(({ id }) => toSuccessorId(id, rotationToken) === current.id);
};

export interface SessionInput extends PolicyInput {
  readonly tenantId: string;
  /** Of the spec; empty when it has none. */
  readonly rotationToken: string;
}

const findCurrent = (rows: readonly StoredCredential[]): StoredCredential | undefined =>
  newestOf(rows.filter(({ expiresAt }) => expiresAt === undefined));

const newestOf = (rows: readonly StoredCredential[]): StoredCredential | undefined => rows.toSorted(byAge)[0];

/** Newest first. */
const byAge = (a: StoredCredential, b: StoredCredential): number =>
  Date.parse(b.createdAt) - Date.parse(a.createdAt) || (a.id < b.id ? -1 : 1);
