import { randomBytes } from "node:crypto";
import { toConfigHash } from "../desired/config-map.ts";
import type { Secret } from "../desired/kinds.ts";
import { toSelectorText } from "../desired/labels.ts";
import { toNames } from "../desired/names.ts";
import { configHashAnnotation } from "../desired/template-hash.ts";
import type { DatabaseLoginStatus, Tenant } from "../tenant/tenant.ts";
import type { BoundTenant, ReconcileDeps } from "./deps.ts";
import { toDesiredInput } from "./desired-input.ts";
import { toSeconds } from "./duration.ts";
import { listLivingPods } from "./living-pods.ts";
import type { LoginContent } from "./rotation/login-content.ts";
import { readLoginContent, readPassword, toHeldLogin, toLoginSecret } from "./rotation/login-content.ts";
import type { LoginStep } from "./rotation/next-login-step.ts";
import { nextLoginStep } from "./rotation/next-login-step.ts";
import { readOwnedSecret, writeOwnedSecret } from "./rotation/owned-secret.ts";

type Deps = Pick<ReconcileDeps, "client" | "desired" | "events">;

export interface KeptLogin {
  readonly status: DatabaseLoginStatus;
  readonly requeueAfterMs?: number;
}

/**
 * Keeps the login that the tenant's gateways use, and the Secret they read it from. A new one comes beside the old one; the
 * pods roll, because its id is part of their configuration; the old one goes when no pod is left that started with it.
 * Throws `SecretNotOwned`.
 */
export const keepGatewayLogin = async (deps: Deps, bound: BoundTenant, tenant: Tenant): Promise<KeptLogin> => {
  const place = await openPlace(deps, bound, tenant);
  for (let round = 0; ; round++) {
    const held = toHeldLogin(place.content);
    const inUse = held.retiring.length > 0 && (await isInUse(deps, bound, tenant, held.current?.statedId));
    const { databaseTime } = bound.record;
    const step = nextLoginStep({ held, policy: toPolicy(tenant), databaseTime, inUse });
    if (step.do === "nothing") {
      await renewLogin(place);
      return toKept(deps, tenant, place.content, step.afterMs);
    }
    if (round >= roundsMax) throw new Error(`unable to keep the gateways' login; ${step.do} has no effect`);
    await takeStep(place, step);
  }
};

/** More than it ever takes: pending, promote, remove. */
const roundsMax = 6;

interface LoginPlace {
  readonly bound: BoundTenant;
  readonly tenant: Tenant;
  readonly content: LoginContent;
  write(content: LoginContent): Promise<void>;
}

const openPlace = async ({ client }: Deps, bound: BoundTenant, tenant: Tenant): Promise<LoginPlace> => {
  let secret: Secret | undefined = await readOwnedSecret(client, tenant, toNames(tenant.metadata.name).database);
  return {
    bound,
    tenant,
    get content() {
      return readLoginContent(secret);
    },
    async write(content) {
      secret = await writeOwnedSecret(client, toLoginSecret(tenant, content), secret);
    },
  };
};

const takeStep = async (place: LoginPlace, step: Exclude<LoginStep, { do: "nothing" }>): Promise<void> => {
  const { content, bound } = place;
  switch (step.do) {
    case "write-pending":
      return await place.write({ ...content, pendingPassword: randomBytes(32).toString("base64url") });
    case "promote":
      return await promote(place, step.id);
    case "remove-others":
      await bound.registry.removeOtherLogins(bound.tenantId, step.keepId);
      return await place.write({ ...content, retiring: [] });
  }
};

/** What the Secret is lost with is still in the status: pods may use it. */
const promote = async ({ bound, tenant, content, write }: LoginPlace, id: string): Promise<void> => {
  const { pendingPassword: password = "", loginId = tenant.status?.databaseLogin?.id, retiring } = content;
  const login = await ensureLogin(bound, tenant, { id, password });
  await write({
    ...login,
    createdAt: bound.record.databaseTime,
    retiring: [...new Set([...retiring, ...(loginId === undefined ? [] : [loginId])])].filter((one) => one !== id),
  });
};

/** A login that somebody dropped, a new limit, a database that has moved: nothing is written when all is as it was. */
const renewLogin = async ({ bound, tenant, content, write }: LoginPlace): Promise<void> => {
  const { loginId: id = "", databaseUrl, createdAt = bound.record.databaseTime } = content;
  const login = await ensureLogin(bound, tenant, { id, password: readPassword(databaseUrl) ?? "" });
  await write({ ...content, ...login, createdAt });
};

const ensureLogin = async (
  { registry, tenantId }: BoundTenant,
  { spec }: Tenant,
  login: { readonly id: string; readonly password: string },
): Promise<Required<Pick<LoginContent, "databaseUrl" | "tenantKey" | "loginId">>> => {
  const { connectionLimit } = spec.database;
  const { id, databaseUrl, tenantKey } = await registry.ensureGatewayLogin(tenantId, { ...login, connectionLimit });
  return { databaseUrl, tenantKey, loginId: id };
};

/** A pod tells by its configuration's hash which login it started with. */
const isInUse = async (
  deps: Deps,
  bound: BoundTenant,
  tenant: Tenant,
  loginId: string | undefined,
): Promise<boolean> => {
  const status = {
    ...tenant.status,
    tenantId: bound.tenantId,
    ...(loginId !== undefined && { databaseLogin: { id: loginId } }),
  };
  const input = toDesiredInput(deps, { ...tenant, status });
  const hash = input && toConfigHash(input);
  const pods = await listLivingPods(deps.client, tenant.metadata.namespace ?? "", toSelectorText(tenant));
  return pods.some(({ metadata }) => metadata.annotations?.[configHashAnnotation] !== hash);
};

const toPolicy = ({ spec }: Tenant) => {
  const { passwordRotation } = spec.database;
  return passwordRotation === undefined ? {} : { rotateEverySeconds: toSeconds(passwordRotation) };
};

const toKept = ({ events }: Deps, tenant: Tenant, content: LoginContent, afterMs: number | undefined): KeptLogin => {
  const { loginId: id = "", createdAt, retiring } = content;
  const { rotateEverySeconds } = toPolicy(tenant);
  const before = tenant.status?.databaseLogin?.id;
  if (before !== undefined && before !== id) {
    const message = `The gateways get login ${id}; ${before} is removed when the last gateway that uses it is gone.`;
    events.record(tenant, { type: "Normal", reason: "DatabaseLoginRotated", message });
  }
  return {
    status: {
      secretName: toNames(tenant.metadata.name).database,
      id,
      ...(createdAt !== undefined && { createdAt: new Date(createdAt).toISOString() }),
      ...(createdAt !== undefined &&
        rotateEverySeconds !== undefined && {
          notAfter: new Date(Date.parse(createdAt) + rotateEverySeconds * 1000).toISOString(),
        }),
      ...(retiring.length > 0 && { retiring }),
    },
    ...(afterMs !== undefined && { requeueAfterMs: afterMs }),
  };
};
