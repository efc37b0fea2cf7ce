/** The Tenant resource that speaks for a tenant of the database. */
export interface TenantOwner {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * Every write carries the number of the leadership it is made under: `toFence` of the Lease. The database refuses a number
 * lower than one it has seen, for whatever tenant: a leader that was cut off and does not know it yet changes nothing more
 * once the next one has written anything.
 */
export interface Fence {
  readonly fence: number;
}

/** Somebody leads since: whoever gets this must stop writing, and its process ends. */
export class FencedOff extends Error {
  override readonly name = "FencedOff";
}

/** The database does not answer, or cannot do it now. Trying again later helps. */
export class DatabaseUnavailable extends Error {
  override readonly name: string = "DatabaseUnavailable";
}

/** The operator's login may not do what it takes; the message says what. It may once somebody has given it the privilege. */
export class PrivilegeMissing extends DatabaseUnavailable {
  override readonly name: string = "PrivilegeMissing";
}

/** What was asked for does not fit (a setting, a quota); the message says what. Trying again does not help. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** A credential of a tenant as the database knows it; the plain text is in the tenant's Secret only. */
export interface StoredCredential {
  readonly id: string;
  readonly createdAt: string;
  /** Until when it works; absent while it has no successor. */
  readonly expiresAt?: string;
}

/** What is in the database of a tenant, read in one statement. */
export interface TenantRecord {
  readonly tenantId: string;
  readonly name: string;
  readonly status: "active" | "suspended";
  /** Whose it is: absent for a tenant that was made by hand, or retained. */
  readonly owner?: TenantOwner;
  /** Since when it is kept without a resource. */
  readonly retainedAt?: string;
  /** Of each kind the newest first, those that are over included until they are removed. */
  readonly apiKeys: readonly StoredCredential[];
  readonly webhookSecrets: readonly StoredCredential[];
  readonly sessionKeys: readonly StoredCredential[];
  readonly managedSettings: Readonly<Record<string, unknown>>;
  readonly quotas: Readonly<Record<string, unknown>>;
  /** The database's clock: ages and overlaps are measured by it, never by the operator's. */
  readonly databaseTime: string;
}

export type Claim =
  | { readonly claimed: true; readonly record: TenantRecord }
  /** Another resource has this tenant, or it was retained by a resource elsewhere and `adopt` does not name it. */
  | { readonly claimed: false; readonly heldBy: Pick<TenantOwner, "namespace" | "name">; readonly retained: boolean };

/** What a dedicated gateway logs in with. */
export interface GatewayLogin {
  readonly id: string;
  /** With the password in it. */
  readonly databaseUrl: string;
  /** Seals and opens what is this tenant's only: 32 bytes in base64. */
  readonly tenantKey: string;
}

/**
 * The database side of Tenants, through the provisioning code that the command line uses too. Each method may be repeated:
 * what is there already stays as it is and nothing is written. Throws `DatabaseUnavailable`, `FencedOff`, `Refused`.
 */
export interface TenantRegistry {
  /**
   * Undefined when the database has no such tenant. One whose making broke off may be bound all the same: `claim` completes
   * it, `retain` and `delete` end it.
   */
  find(tenantId: string): Promise<TenantRecord | undefined>;
  /**
   * Makes the tenant if there is none, and binds it to this resource if it is bound to none. A tenant that was retained
   * comes back to the resource of the same namespace and name by itself, to another one only with `adopt`: without its old
   * credentials, and suspended until `setSuspended`. When it is bound already, its name is brought up to date.
   *
   * Once it is claimed through this registry, whatever else this registry writes is written only while the binding holds,
   * and is `Refused` otherwise.
   */
  claim(tenant: {
    readonly tenantId: string;
    readonly name: string;
    readonly owner: TenantOwner;
    readonly adopt?: boolean;
  }): Promise<Claim>;
  /**
   * Stores the hash of this key under this id, in force from now on. The others stay. `Refused` when another key has the id,
   * or the key another id or tenant, or when ten are about to end beside the one in force and its successor.
   */
  addApiKey(tenantId: string, key: { readonly id: string; readonly apiKey: string }): Promise<void>;
  /** Stores this secret under this id, in force for signing from now on. The others stay. */
  addWebhookSecret(tenantId: string, secret: { readonly id: string; readonly webhookSecret: string }): Promise<void>;
  /** Makes a new key that signs sessions, under this id. The others stay. */
  addSessionKey(tenantId: string, id: string): Promise<void>;
  /**
   * Every other credential of the kind works until `overlapSeconds` from now by the database's clock, unless it ends
   * sooner; with 0 it is refused everywhere within seconds. `Refused` when the one to keep is not there or ends itself: one
   * always works.
   */
  expireOthers(
    tenantId: string,
    kind: "apiKey" | "webhookSecret" | "sessionKey",
    keepId: string,
    overlapSeconds: number,
  ): Promise<void>;
  /** Removes the rows of credentials that are over. */
  removeExpired(tenantId: string): Promise<void>;
  /** Enforces these settings, in place of all that were enforced before; REST may change the others. */
  setManagedSettings(tenantId: string, settings: Readonly<Record<string, unknown>>): Promise<void>;
  setQuotas(tenantId: string, quotas: Readonly<Record<string, unknown>>): Promise<void>;
  setSuspended(tenantId: string, suspended: boolean): Promise<void>;
  /**
   * Gives the tenant's gateways a login of their own, bound to the tenant by row-level security. `id` names the login and
   * its password: the same id answers the same login, so that a crash in between leaves nothing behind.
   */
  ensureGatewayLogin(
    tenantId: string,
    login: { readonly id: string; readonly password: string; readonly connectionLimit: number },
  ): Promise<GatewayLogin>;
  /** Removes the tenant's gateway logins but this one; their sessions are ended. Before `retain`. */
  removeOtherLogins(tenantId: string, keepId: string | undefined): Promise<void>;
  /**
   * Ends the binding and keeps all data; the tenant is suspended, and all its credentials end within seconds. Only for the
   * resource that has it: `Refused` for another, nothing when it is bound to none.
   */
  retain(tenantId: string, owner: TenantOwner): Promise<void>;
  /**
   * Removes the tenant and all it has, for good, a database of its own included; the binding goes last. Only for the
   * resource that has it, in the same way.
   */
  delete(tenantId: string, owner: TenantOwner): Promise<void>;
}

/** Finds the database of a tenant: the shared one, or its own, which `claim` makes and which is migrated when it is used. */
export interface TenantRegistries {
  /** With a fence: what the registry writes is written under this leadership. */
  open(tenantId: string, isolation: "Shared" | "Database", fence: Fence): Promise<TenantRegistry>;
  /** Drops what may be left of a tenant's own database and its logins. Nothing while the tenant is bound, or retained. */
  drop(tenantId: string, fence: Fence): Promise<void>;
  /** The highest number that anything was written under. */
  readonly highestFence: () => Promise<number>;
  /** Does the shared database answer, and is it migrated? */
  ping(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
