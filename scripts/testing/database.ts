import { inject } from "vitest";
import type { TestDatabase } from "./copy-database.ts";
import { copyDatabase } from "./copy-database.ts";

export type { TestDatabase } from "./copy-database.ts";

/** Makes a database on the Postgres of this test run. Disposing it throws when somebody is still connected. */
export const createTestDatabase = async (): Promise<TestDatabase> => copyDatabase(await findTestServer());

/** The Postgres of this test run, started if this is the first call. */
export const findTestServer = async (): Promise<{ readonly adminUrl: string; readonly template: string }> => {
  const response = await fetch(inject("testServerUrl"));
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as { adminUrl: string; template: string };
};
