import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openProvisioner } from "../../../gateway/src/provisioning/provisioner.ts";
import { freePort } from "../../../scripts/process/ports.ts";
import { createTestClient } from "../../../scripts/testing/client.ts";
import type { TestDatabase } from "../../../scripts/testing/copy-database.ts";
import type { GatewayProcess } from "../../../scripts/testing/gateway-process.ts";
import { startGatewayProcess } from "../../../scripts/testing/gateway-process.ts";
import type { StageTenant } from "./stage-tenant.ts";
import type { Victim } from "./victim.ts";
import { plantVictim } from "./victim.ts";

/** A gateway in a process of its own as it runs in production, with three tenants. */
export interface Stage extends AsyncDisposable {
  readonly gateway: GatewayProcess;
  /** In whose name most requests are made. */
  readonly own: StageTenant;
  /** Another one that calls, with the ids of the first. */
  readonly stranger: StageTenant;
  /** One that never calls: nothing of it may be seen or changed. */
  readonly victim: Victim;
  /** What must stand in no answer. */
  readonly secrets: readonly string[];
  /** What went wrong in the gateway as a whole; empty if nothing did. */
  standing(): Promise<readonly string[]>;
}

/** Starts it on an empty database. */
export const openStage = async (database: TestDatabase): Promise<Stage> => {
  await using parts = new AsyncDisposableStack();
  const masterKey = randomBytes(32).toString("base64");
  const filesDir = await mkdtemp(join(tmpdir(), "sendsar-fuzz-"));
  parts.defer(() => rm(filesDir, { recursive: true, force: true }));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const files = { FILE_STORE: "disk", PUBLIC_URL: url, FILES_DIR: filesDir };
  const gateway = parts.use(
    await startGatewayProcess({ database, masterKey }, { PORT: String(port), LOG_LEVEL: "warn", ...files }),
  );
  const provisioner = parts.use(await openProvisioner({ databaseUrl: database.adminUrl, masterKey }));
  const createTenant = async (tenantId: string): Promise<StageTenant> => {
    const { apiKey } = await provisioner.createTenant({ tenantId });
    return { tenantId, apiKey, api: createTestClient(url, { "x-api-key": apiKey }) };
  };
  const [own, stranger] = [await createTenant("own"), await createTenant("stranger")];
  const victim = await plantVictim(database.adminUrl, await createTenant("victim"));
  const login = new URL(database.gatewayUrl);
  const running = parts.move();
  return {
    gateway,
    own,
    stranger,
    victim,
    secrets: [masterKey, filesDir, database.name, login.username, login.password, victim.canary, victim.tenant.apiKey],
    async standing() {
      // A promise that nobody waits for ends the process, too.
      if (gateway.end !== undefined) return [`the gateway ended with ${gateway.end}`, ...gateway.log.slice(-20)];
      const failures = gateway.log.filter((line) => !isQuiet(line)).map((line) => `the gateway logged ${line}`);
      return [...failures, ...(await victim.changes())];
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};

const errorLevel = 50;

/** A line of the log that reports no failure; what is no JSON was not written by the gateway's own hand. */
const isQuiet = (line: string): boolean => {
  try {
    return (JSON.parse(line) as { readonly level: number }).level < errorLevel;
  } catch {
    return line.trim() === "";
  }
};
