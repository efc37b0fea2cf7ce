import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestDatabase } from "../../scripts/testing/database.ts";
import { createTestDatabase } from "../../scripts/testing/database.ts";
import { createEmptyDatabase } from "../../scripts/testing/empty-database.ts";
import { readTenantRows, requireUnchanged } from "../../scripts/testing/tenant-rows.ts";
import { runOn } from "../../scripts/testing/test-server.ts";
import type { Provisioner } from "../src/provisioning/provisioner.ts";
import { openProvisioner } from "../src/provisioning/provisioner.ts";

let database: TestDatabase;
let provisioner: Provisioner;
const masterKey = randomBytes(32).toString("base64");
beforeAll(async () => {
  database = await createTestDatabase();
  provisioner = await openProvisioner({ databaseUrl: database.adminUrl, masterKey });
});
afterAll(async () => {
  await provisioner[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const cliPath = fileURLToPath(new URL("../src/cli.ts", import.meta.url));

/** Runs the command as a script would: a process of its own that inherits nothing. */
const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> =>
  new Promise((resolve) => {
    const options = { env: { ADMIN_DATABASE_URL: database.adminUrl, MASTER_KEY: masterKey, ...env } };
    execFile(process.execPath, [cliPath, ...args], options, (error, stdout, stderr) => {
      resolve({ exitCode: error ? Number(error.code) : 0, stdout, stderr });
    });
  });

/** What a command printed that must succeed. */
const runJson = async (...args: readonly string[]) => {
  const { exitCode, stdout, stderr } = await run(args);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return JSON.parse(stdout);
};

/** A refusal is one line on the error output, with nothing that is secret and no stack. */
const expectRefused = ({ exitCode, stdout, stderr }: Outcome, sentence: string | RegExp): void => {
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
  expect(stderr).toMatch(/^[^\n]+\n$/);
  if (typeof sentence === "string") expect(stderr.trimEnd()).toBe(sentence);
  else expect(stderr.trimEnd()).toMatch(sentence);
  expect(stderr).not.toContain(masterKey);
  expect(stderr).not.toContain(new URL(database.adminUrl).password);
};

describe("tenants create", () => {
  test("prints credentials that work", async () => {
    const made = await runJson("tenants", "create", "made", "--name", "Noodle Bar");
    expect(Object.keys(made)).toEqual(["tenantId", "apiKey", "webhookSecret"]);
    expect(await provisioner.verifyKey(made.apiKey)).toBe("made");
    expect(await provisioner.listTenants()).toContainEqual(
      expect.objectContaining({ tenantId: "made", name: "Noodle Bar" }),
    );
  });

  test("refuses a taken id, a bad id, a bad name and none", async () => {
    await provisioner.createTenant({ tenantId: "taken" });
    const [taken, badId, badName, none] = await Promise.all([
      run(["tenants", "create", "taken"]),
      run(["tenants", "create", "No Good"]),
      run(["tenants", "create", "bad-name", "--name", ""]),
      run(["tenants", "create"]),
    ]);
    expectRefused(taken, /^unable to create tenant taken; it exists already$/);
    expectRefused(badId, /^unable to use the tenant id; it must be/);
    expectRefused(badName, /^unable to use the tenant name; it must be/);
    expectRefused(none, /^unable to create; name the tenant$/);
    const ids = (await provisioner.listTenants()).map(({ tenantId }) => tenantId);
    expect(ids).not.toContain("bad-name");
  });

  test("migrates a database that was not, so that it is all that is needed", async () => {
    await using empty = await createEmptyDatabase();
    const { exitCode, stdout, stderr } = await run(["tenants", "create", "first"], {
      ADMIN_DATABASE_URL: empty.adminUrl,
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ tenantId: "first" });
    expect((await readTenantRows(empty.adminUrl, "first"))["tenants"]).toHaveLength(1);
  });
});

test("tenants list prints all of them and no secret", async () => {
  const { apiKey, webhookSecret } = await provisioner.createTenant({ tenantId: "listed" });
  const tenants = await runJson("tenants", "list");
  expect(tenants).toEqual(await provisioner.listTenants());
  expect(tenants.map(({ tenantId }: { tenantId: string }) => tenantId)).toContain("listed");
  for (const secret of [apiKey, webhookSecret]) expect(JSON.stringify(tenants)).not.toContain(secret);
});

describe("tenants rotate-key", () => {
  test("without --overlap the old key is dead, with it both work", async () => {
    const { apiKey: first } = await provisioner.createTenant({ tenantId: "rotated" });
    const second = await runJson("tenants", "rotate-key", "rotated");
    expect(second).toEqual({ tenantId: "rotated", apiKey: expect.stringMatching(/^sk_/) });
    expect(await provisioner.verifyKey(first)).toBeUndefined();
    const third = await runJson("tenants", "rotate-key", "rotated", "--overlap", "600");
    expect(await provisioner.verifyKey(second.apiKey)).toBe("rotated");
    expect(await provisioner.verifyKey(third.apiKey)).toBe("rotated");
  });

  test("refuses an overlap that is no number of seconds, and an unknown tenant", async () => {
    const { apiKey } = await provisioner.createTenant({ tenantId: "not-rotated" });
    const outcomes = await Promise.all(
      ["1h", "99999999"].map((overlap) => run(["tenants", "rotate-key", "not-rotated", "--overlap", overlap])),
    );
    for (const outcome of outcomes) {
      expectRefused(outcome, /^unable to read --overlap; it must be a whole number of seconds$/);
    }
    expect(await provisioner.verifyKey(apiKey)).toBe("not-rotated");
    expectRefused(
      await run(["tenants", "rotate-key", "nobody"]),
      /^unable to rotate the key of tenant nobody; there is none$/,
    );
  });
});

describe("tenants delete", () => {
  test("does nothing without --yes", async () => {
    const { apiKey } = await provisioner.createTenant({ tenantId: "kept" });
    expectRefused(
      await run(["tenants", "delete", "kept"]),
      /^unable to delete kept; say --yes, nothing brings it back$/,
    );
    expect(await provisioner.verifyKey(apiKey)).toBe("kept");
  });

  test("with it removes the tenant, once", async () => {
    const { apiKey } = await provisioner.createTenant({ tenantId: "removed" });
    expect(await runJson("tenants", "delete", "removed", "--yes")).toEqual({ tenantId: "removed", deleted: true });
    expect(await provisioner.verifyKey(apiKey)).toBeUndefined();
    expectRefused(
      await run(["tenants", "delete", "removed", "--yes"]),
      /^unable to delete tenant removed; there is none$/,
    );
  });
});

describe("a tenant that a Tenant resource has", () => {
  const bind = async (tenantId: string, more = "null, null") => {
    const { apiKey } = await provisioner.createTenant({ tenantId });
    await runOn(
      database.adminUrl,
      `insert into sendsar.tenant_bindings (tenant_id, namespace, name, uid, database_name, retained_at)
       values ('${tenantId}', 'shop', 'acme', 'uid', ${more})`,
    );
    return apiKey;
  };

  test("is refused with its name by what would change it, and nothing is changed; the list shows whose it is", async () => {
    await bind("managed");
    await requireUnchanged(database.adminUrl, ["managed"], async () => {
      for (const args of [["rotate-key"], ["suspend"], ["resume"], ["delete", "--yes"]]) {
        const [verb = "", ...rest] = args;
        expectRefused(
          await run(["tenants", verb, "managed", ...rest]),
          `unable to ${verb} managed; it is managed by Kubernetes (shop/acme); --force does it all the same`,
        );
      }
      expectRefused(
        await run(["tenants", "create", "managed", "--force"]),
        "unable to create tenant managed; it exists already",
      );
      expect(await runJson("tenants", "verify-unread", "managed")).toMatchObject({ wrong: 0 });
    });
    const listed = (await provisioner.listTenants()).find(({ tenantId }) => tenantId === "managed");
    expect(listed).toMatchObject({ managedBy: "shop/acme" });
  });

  test("--force does it, and what is deleted so leaves no binding", async () => {
    const apiKey = await bind("forced");
    await runJson("tenants", "rotate-key", "forced", "--force");
    expect(await provisioner.verifyKey(apiKey)).toBeUndefined();
    await runJson("tenants", "delete", "forced", "--yes", "--force");
    expect((await readTenantRows(database.adminUrl, "forced"))["tenant_bindings"]).toEqual([]);
  });

  test("one that was kept when its resource went is anybody's", async () => {
    await bind("left", "null, now()");
    expect(await provisioner.listTenants()).toContainEqual(
      expect.objectContaining({ tenantId: "left", managedBy: "shop/acme", retainedAt: expect.any(String) }),
    );
    await runJson("tenants", "suspend", "left");
    await runJson("tenants", "delete", "left", "--yes");
    expect((await readTenantRows(database.adminUrl, "left"))["tenant_bindings"]).toEqual([]);
  });

  test("one with a database of its own is listed with it, and is changed there; delete works from here, database and all", async () => {
    const name = `${database.name}_own`;
    await runOn(database.adminUrl, `create database ${name}`);
    await bind("elsewhere", `'${name}', now()`);
    expect(await runJson("tenants", "list")).toContainEqual({
      tenantId: "elsewhere",
      database: name,
      managedBy: "shop/acme",
      retainedAt: expect.any(String),
    });
    for (const verb of ["rotate-key", "suspend", "create"]) {
      expectRefused(
        await run(["tenants", verb, "elsewhere"]),
        `unable to ${verb} elsewhere; it is in a database of its own, set ADMIN_DATABASE_URL to ${name}`,
      );
    }
    await runJson("tenants", "delete", "elsewhere", "--yes");
    expect(await runOn(database.adminUrl, `select from pg_database where datname = '${name}'`)).toEqual([]);
    expect(await provisioner.listTenantsElsewhere()).toEqual([]);
  });
});

describe("usage", () => {
  test("--help shows it and succeeds; without a verb it is shown and the command fails", async () => {
    const [help, noVerb, otherNoun] = await Promise.all(
      [["tenants", "delete", "a", "--help"], ["tenants"], ["users", "list"]].map((args) => run(args)),
    );
    expect(help).toEqual({ exitCode: 0, stderr: "", stdout: expect.stringMatching(/^Usage:\n/) });
    for (const outcome of [noVerb, otherNoun]) expect(outcome).toEqual({ ...help, exitCode: 2 });
    for (const verb of ["create", "list", "rotate-key", "verify-unread", "delete"])
      expect(help?.stdout).toContain(`tenants ${verb}`);
  });

  test("an unknown verb and an unknown option are refused by name", async () => {
    const [verb, option] = await Promise.all([run(["tenants", "frobnicate", "x"]), run(["tenants", "list", "--all"])]);
    expectRefused(
      verb,
      /^unable to frobnicate; there is create, list, rotate-key, suspend, resume, verify-unread and delete$/,
    );
    expectRefused(option, /--all/);
  });
});

describe("configuration", () => {
  test("what is missing or wrong is named, and never shown", async () => {
    const [none, bad] = await Promise.all([
      run(["tenants", "list"], { ADMIN_DATABASE_URL: "", MASTER_KEY: "" }),
      run(["tenants", "list"], { ADMIN_DATABASE_URL: "mysql://hidden-1", MASTER_KEY: "hidden-2" }),
    ]);
    expectRefused(none, /^unable to read the configuration; ADMIN_DATABASE_URL: is not set; MASTER_KEY: is not set$/);
    expectRefused(bad, /^unable to read the configuration; ADMIN_DATABASE_URL: must be .*; MASTER_KEY: must be /);
    expect(bad.stderr).not.toContain("hidden");
  });

  test("a database that cannot be reached or used is reported in one line", async () => {
    const wrong = new URL(database.adminUrl);
    wrong.password = "not-the-password";
    const outcomes = await Promise.all(
      // Nothing listens, the password is wrong, and a login that may not migrate.
      ["postgres://u:hidden@localhost:1/x", wrong.href, database.gatewayUrl].map((url) =>
        run(["tenants", "list"], { ADMIN_DATABASE_URL: url }),
      ),
    );
    for (const outcome of outcomes) {
      expectRefused(outcome, /^unable to .*; \S/);
      expect(outcome.stderr).not.toMatch(/hidden|not-the-password/);
    }
  });
});
