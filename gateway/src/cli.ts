import { parseArgs } from "node:util";
import type { Provisioner } from "./provisioning/provisioner.ts";
import { openProvisioner } from "./provisioning/provisioner.ts";
import { readProvisioningConfig } from "./config.ts";
import { migrate } from "./store/migrate.ts";

const usage = `Usage:
  tenants create <id> [--name <name>]           make a tenant; shows its API key and webhook secret, once
  tenants list                                  all tenants
  tenants rotate-key <id> [--overlap <seconds>] make a new API key; the old one works that much longer (default 0)
  tenants suspend <id>                          refuse its credentials and cut its sockets; its data stays
  tenants resume <id>                           take it up again
  tenants verify-unread <id>                    recount from its messages what every participant has not read, and
                                                list where the counters differ; fails if they do. Changes nothing,
                                                safe beside the traffic, reads every message
  tenants delete <id> --yes                     remove a tenant and everything it has, for good

A tenant that a Tenant resource of Kubernetes has is changed there: rotate-key, suspend, resume and delete refuse it. With
--force they do it all the same, and the operator may soon do it the other way round. One that was kept when its resource
was deleted is nobody's, and needs no --force. The rows of a tenant with a database of its own are there: run the command
with ADMIN_DATABASE_URL of that database; only delete works from here too.

Environment: ADMIN_DATABASE_URL, MASTER_KEY
`;

/** Provisioning by hand. Prints JSON, so that scripts can read it. */
const main = async (args: readonly string[]): Promise<void> => {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      name: { type: "string" },
      overlap: { type: "string" },
      yes: { type: "boolean" },
      force: { type: "boolean" },
      help: { type: "boolean" },
    },
  });
  const [noun, verb, id] = positionals;
  if (values.help || noun !== "tenants" || verb === undefined) {
    process.stdout.write(usage);
    if (!values.help) process.exitCode = 2;
    return;
  }
  const { databaseUrl, masterKey } = readProvisioningConfig();
  await migrate({ databaseUrl });
  await using provisioner = await openProvisioner({ databaseUrl, masterKey });
  print(await run(provisioner, verb, id, values));
};

const run = async (
  provisioner: Provisioner,
  verb: string,
  id: string | undefined,
  options: { readonly name?: string; readonly overlap?: string; readonly yes?: boolean; readonly force?: boolean },
): Promise<unknown> => {
  if (verb === "list") return [...(await provisioner.listTenants()), ...(await provisioner.listTenantsElsewhere())];
  if (id === undefined) throw new Error(`unable to ${verb}; name the tenant`);
  await requireByHand(provisioner, verb, id, options.force ?? false);
  switch (verb) {
    case "create":
      return await provisioner.createTenant({
        tenantId: id,
        ...(options.name !== undefined && { name: options.name }),
      });
    case "rotate-key":
      return { tenantId: id, ...(await provisioner.rotateKey(id, toSeconds(options.overlap))) };
    case "suspend":
      await provisioner.suspendTenant(id);
      return { tenantId: id, status: "suspended" };
    case "resume":
      await provisioner.resumeTenant(id);
      return { tenantId: id, status: "active" };
    case "verify-unread": {
      const check = await provisioner.verifyUnread(id);
      if (check.wrong > 0) process.exitCode = 1;
      return { tenantId: id, ...check };
    }
    case "delete":
      if (!options.yes) throw new Error(`unable to delete ${id}; say --yes, nothing brings it back`);
      await provisioner.deleteTenant(id);
      return { tenantId: id, deleted: true };
    default:
      throw new Error(
        `unable to ${verb}; there is create, list, rotate-key, suspend, resume, verify-unread and delete`,
      );
  }
};

/** What a Tenant resource has is changed there, and what is in another database, from there. */
const requireByHand = async (provisioner: Provisioner, verb: string, id: string, force: boolean): Promise<void> => {
  if (verb === "verify-unread") return;
  const binding = await provisioner.findBinding(id);
  if (!binding) return;
  const { owner, databaseName, retainedAt } = binding;
  if (retainedAt === undefined && !force) {
    const howTo = verb === "create" ? "" : "; --force does it all the same";
    throw new Error(`unable to ${verb} ${id}; it is managed by Kubernetes (${owner.namespace}/${owner.name})${howTo}`);
  }
  if (databaseName === undefined || verb === "delete") return;
  throw new Error(`unable to ${verb} ${id}; it is in a database of its own, set ADMIN_DATABASE_URL to ${databaseName}`);
};

const toSeconds = (text: string | undefined): number => {
  if (text === undefined) return 0;
  if (!/^[0-9]{1,7}$/.test(text)) throw new Error("unable to read --overlap; it must be a whole number of seconds");
  return Number(text);
};

const print = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
