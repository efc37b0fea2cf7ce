/**
 * The names of what a Tenant owns, made of its own name alone: a repeated request finds what the first one made, and no
 * answer that was lost leaves a second object behind. A Tenant's name has at most 40 characters, so that the longest of
 * them and the pods' names after a hash stay within the 63 of a label (RFC 1123).
 */
export const toNames = (tenant: string): OwnedNames => ({
  gateway: `${tenant}-gateway`,
  credentials: `${tenant}-chat-credentials`,
  database: `${tenant}-chat-database`,
});

export interface OwnedNames {
  /** Deployment, Service, ServiceAccount, ConfigMap, disruption budget, autoscaler, network policy and route. */
  readonly gateway: string;
  /** The Secret with API key and webhook secret, unless the Tenant names another. */
  readonly credentials: string;
  /** The Secret with the login of the gateway. */
  readonly database: string;
}
