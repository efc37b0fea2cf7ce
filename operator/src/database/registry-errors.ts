import { TenantInvalidError } from "@sendsar/gateway/provisioning/tenant-settings";
import { StoreError } from "@sendsar/gateway/store/store-error";
import { DatabaseUnavailable, FencedOff, PrivilegeMissing, Refused } from "./tenant-registry.ts";

/** Runs a call of the registry; what it throws is one of the errors that `TenantRegistry` promises, or a defect. */
export const withRegistryErrors = async <T>(doing: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw toRegistryError(doing, error);
  }
};

const toRegistryError = (doing: string, error: unknown): unknown => {
  if (error instanceof DatabaseUnavailable || error instanceof FencedOff || error instanceof Refused) return error;
  if (error instanceof TenantInvalidError) return new Refused(error.message, { cause: error });
  if (error instanceof StoreError) return ofStore(doing, error);
  // A migration says in a sentence why it failed, and what the database said is its cause.
  const { cause } = error as { cause?: unknown };
  if (cause instanceof Error) {
    if (isOfPostgres(cause) && cause.code === insufficientPrivilege) return privilegeMissing(doing, cause);
    return new DatabaseUnavailable((error as Error).message, { cause: error });
  }
  return error;
};

const ofStore = (doing: string, error: StoreError): Error => {
  const options = { cause: error };
  switch (error.kind) {
    case "fenced":
      return new FencedOff(`unable to ${doing}; another operator leads and has written since`, options);
    case "unbound":
      return new Refused(`unable to ${doing}; the tenant is not bound to this resource any more`, options);
    case "missing":
      return new Refused(`unable to ${doing}; the database has no such tenant`, options);
    case "conflict":
      return new Refused(`unable to ${doing}; what was to be stored is there already`, options);
    case "read_only":
      return new DatabaseUnavailable(`unable to ${doing}; the database takes no writes now`, options);
    case "locked":
      return new DatabaseUnavailable(`unable to ${doing}; somebody holds a lock on the tenant for too long`, options);
    case "unavailable":
      return new DatabaseUnavailable(`unable to ${doing}; the database does not answer`, options);
    case "broken":
      return ofPostgres(doing, error);
  }
};

const ofPostgres = (doing: string, error: StoreError): Error => {
  if (!isOfPostgres(error.cause)) return error;
  const { code } = error.cause;
  if (code === insufficientPrivilege) return privilegeMissing(doing, error.cause);
  // A password, or a login that is not there any more; a database that is not.
  if (code.startsWith("28") || code === "3D000") {
    return new DatabaseUnavailable(`unable to ${doing}; the database does not let the operator in`, { cause: error });
  }
  if (code === "42P01" || code === "42703" || code === "42883" || code === "3F000") {
    return new DatabaseUnavailable(`unable to ${doing}; the database is not migrated`, { cause: error });
  }
  return error;
};

// These texts name what the login may not do, and no tenant's rows.
const privilegeMissing = (doing: string, cause: OfPostgres): PrivilegeMissing =>
  new PrivilegeMissing(
    `unable to ${doing}; the login of the operator lacks a privilege: ${[cause.message, cause.detail].filter(Boolean).join(". ")}`,
    { cause },
  );

/** Did this fail because the database is not there? */
export const isNoDatabase = (error: unknown): boolean => {
  for (let one = error; one instanceof Error; one = one.cause) {
    if ((one as { code?: unknown }).code === "3D000") return true;
  }
  return false;
};

const insufficientPrivilege = "42501";

interface OfPostgres {
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
}

const isOfPostgres = (error: unknown): error is OfPostgres =>
  error instanceof Error && typeof (error as { code?: unknown }).code === "string";
