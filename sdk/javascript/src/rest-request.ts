/** One REST call. */
export interface RestRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Below the REST base, ids percent-encoded. */
  readonly path: string;
  /** Values that are undefined are left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: object;
  /** Gives the call up. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether it does no harm when it happens twice. If left out: true, but for POST, which is then made safe by an
   * `Idempotency-Key`. What is false is tried again only when the server has surely done nothing.
   */
  readonly isRepeatable?: boolean;
}
