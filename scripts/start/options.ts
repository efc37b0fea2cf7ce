import { parseArgs } from "node:util";
import { Sentence, reasonOf } from "../process/sentence.ts";

/** What `npm start` was asked for. */
export interface StartOptions {
  readonly help: boolean;
  /** Of the gateway. */
  readonly port: number;
  /** Of the demo page. `chosen` ports are not replaced by another one when they are in use. */
  readonly demoPort: { readonly port: number; readonly chosen: boolean };
  /** Start on an empty database. */
  readonly fresh: boolean;
  /** A Postgres of the reader's; absent: the embedded one. */
  readonly databaseUrl?: string;
}

/** The text of `npm start -- --help`. */
export const startHelp = `Usage: npm start [-- --fresh]

Runs the whole chat platform on this machine: a real Postgres, the gateway with a tenant "demo", and a demo page.
Its data stays in the folder .sendsar of the project.

Options
  --fresh         start on an empty database with a new API key; removes the embedded Postgres's data and the files
  --help          show this

Environment
  PORT            port of the gateway (default 3001)
  DEMO_PORT       port of the demo page (default: the next free one after PORT)
  DATABASE_URL    use this Postgres 18 instead of the embedded one; its role may create roles and schemas
  SENDSAR_HOME    folder to use instead of .sendsar
  DEBUG=1         print stacks with failures`;

const defaultPort = 3001;
const portMax = 65_535;

/** Reads arguments and environment. Throws a sentence for what cannot be meant. */
export const readStartOptions = (args: readonly string[], env: NodeJS.ProcessEnv): StartOptions => {
  const { fresh, help } = readFlags(args);
  const { DATABASE_URL: databaseUrl } = env;
  if (databaseUrl) checkDatabaseUrl(databaseUrl);
  if (fresh && databaseUrl) {
    throw new Sentence(
      "unable to start; --fresh empties the embedded Postgres only, and DATABASE_URL names another one",
    );
  }
  const port = readPort("PORT", env["PORT"]) ?? defaultPort;
  const chosen = readPort("DEMO_PORT", env["DEMO_PORT"]);
  if (chosen === port) throw new Sentence(`unable to start; PORT and DEMO_PORT are both ${port}`);
  const demoPort = { port: chosen ?? Math.min(port + 1, portMax), chosen: chosen !== undefined };
  return { help, fresh, port, demoPort, ...(databaseUrl ? { databaseUrl } : {}) };
};

const readFlags = (args: readonly string[]): { readonly fresh: boolean; readonly help: boolean } => {
  const flag = { type: "boolean", default: false } as const;
  try {
    return parseArgs({ args: [...args], options: { fresh: flag, help: { ...flag, short: "h" } } }).values;
  } catch (error) {
    // The rest of its text explains how to write arguments that we do not take.
    const [reason] = reasonOf(error).split(". ");
    throw new Sentence(`unable to start; ${reason}; npm start -- --help shows the options`);
  }
};

const readPort = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined || text === "") return undefined;
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= portMax) return port;
  throw new Sentence(`unable to start; ${name} must be a number from 1 to ${portMax}, and "${text}" is not`);
};

const checkDatabaseUrl = (text: string): void => {
  const { protocol } = URL.canParse(text) ? new URL(text) : { protocol: "" };
  if (protocol === "postgres:" || protocol === "postgresql:") return;
  throw new Sentence("unable to start; DATABASE_URL must look like postgres://user:password@host:5432/database");
};
