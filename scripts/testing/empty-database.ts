import { randomBytes } from "node:crypto";
import { findTestServer } from "./database.ts";
import { runOn, urlOfDatabase } from "./test-server.ts";

/** A database with nothing in it, for what makes or refuses one. Disposing removes it. */
export interface EmptyDatabase extends AsyncDisposable {
  readonly name: string;
  /** Of a superuser. */
  readonly adminUrl: string;
}

/** Makes one on the Postgres of this test run. */
export const createEmptyDatabase = async (): Promise<EmptyDatabase> => {
  const server = await findTestServer();
  const name = `sendsar_empty_${randomBytes(8).toString("hex")}`;
  await runOn(server.adminUrl, `create database ${name}`);
  return {
    name,
    adminUrl: urlOfDatabase(server.adminUrl, name),
    async [Symbol.asyncDispose]() {
      await runOn(server.adminUrl, `drop database ${name} with (force)`);
    },
  };
};
