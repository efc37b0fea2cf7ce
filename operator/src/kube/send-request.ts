import { request as sendOverUndici } from "undici";
import type { Clock } from "./clock.ts";
import type { Connections, Lane } from "./dispatcher.ts";
import type { RequestMetrics } from "./engine-metrics.ts";
import type { Authorization, KubeAccess } from "./kube-config.ts";
import { KubeError, KubeUnreachable } from "./kube-error.ts";
import type { Target } from "./paths.ts";
import { toPath } from "./paths.ts";
import type { Answer } from "./read-answer.ts";
import type { TokenBucket } from "./token-bucket.ts";

/** A request to the API server, before it is authorized. */
export interface KubeRequest {
  /** As in RBAC. */
  readonly verb: "get" | "list" | "watch" | "create" | "patch" | "update" | "delete";
  readonly target: Target;
  /** `?limit=500`, or empty. */
  readonly query?: string;
  readonly body?: object;
  readonly contentType?: string;
  readonly accept?: string;
  /** Does not wait for the rate limit; it counts in it, so that others wait longer. */
  readonly urgent?: boolean;
}

export interface SenderOptions {
  readonly access: KubeAccess;
  readonly connections: Connections;
  readonly clock: Clock;
  /** Requests wait for it, the Lease does not: a storm of work must not cost the leadership. */
  readonly bucket: TokenBucket;
  readonly metrics?: RequestMetrics | undefined;
}

/**
 * Sends requests and answers as soon as the headers are there, whatever the status. A 401 drops what was remembered of the
 * credentials and is tried once more. Throws `KubeUnreachable` when there is no answer, the signal's reason when aborted.
 */
export type SendRequest = (request: KubeRequest, signal: AbortSignal) => Promise<Answer>;

const methods = {
  get: "GET",
  list: "GET",
  watch: "GET",
  create: "POST",
  patch: "PATCH",
  update: "PUT",
  delete: "DELETE",
} as const satisfies Record<KubeRequest["verb"], string>;

export const createSender = (options: SenderOptions): SendRequest => {
  const { access, connections, clock, bucket, metrics } = options;
  const { host } = new URL(access.server);

  const sendOnce = async (request: KubeRequest, authorization: Authorization, signal: AbortSignal): Promise<Answer> => {
    const { verb, target, query = "", body } = request;
    const startedAt = clock.now();
    let code = "<error>";
    try {
      const answer = await sendOverUndici(`${access.server}${toPath(target)}${query}`, {
        dispatcher: connections.to(authorization.connection, laneOf(request)),
        method: methods[verb],
        headers: toHeaders(request, authorization),
        body: body === undefined ? null : JSON.stringify(body),
        signal,
      });
      code = String(answer.statusCode);
      return answer;
    } finally {
      const resource = [target.resource.plural, target.subresource].filter(Boolean).join("/");
      metrics?.finished({ method: methods[verb], verb, resource, host, code, ms: clock.now() - startedAt });
    }
  };

  return async (request, signal) => {
    try {
      const waitMs = isLease(request) ? 0 : bucket.reserve();
      if (!request.urgent) await clock.sleep(waitMs, signal);
      const authorization = await access.authorize();
      const answer = await sendOnce(request, authorization, signal);
      if (answer.statusCode !== 401) return answer;
      await discard(answer);
      access.forget(authorization);
      return await sendOnce(request, await access.authorize(), signal);
    } catch (error) {
      throw toSendError(error, toOperation(request), signal);
    }
  };
};

/** `patch deployments/scale acme/chat-gateway`, for errors. */
export const toOperation = ({ verb, target: { resource, namespace, name, subresource } }: KubeRequest): string =>
  [
    verb,
    subresource === undefined ? resource.plural : `${resource.plural}/${subresource}`,
    [namespace, name].filter(Boolean).join("/"),
  ]
    .filter((word) => word !== "")
    .join(" ");

/** What ended a request or the reading of its answer, as what the client promises to throw. */
export const toSendError = (error: unknown, operation: string, signal: AbortSignal | undefined): unknown => {
  if (signal?.aborted) return signal.reason;
  if (error instanceof KubeError || error instanceof KubeUnreachable) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new KubeUnreachable(`unable to ${operation}; the API server gave no answer (${reason})`, { cause: error });
};

const isLease = ({ target }: KubeRequest): boolean => target.resource.plural === "leases";

const laneOf = (request: KubeRequest): Lane => {
  if (isLease(request)) return "lease";
  return request.verb === "watch" ? "watch" : "call";
};

const toHeaders = (request: KubeRequest, { headers }: Authorization): Record<string, string> => ({
  ...headers,
  accept: request.accept ?? "application/json",
  "user-agent": "sendsar-operator",
  ...(request.body === undefined ? {} : { "content-type": request.contentType ?? "application/json" }),
});

/** Reads to the end, so that the connection can be used again. */
const discard = async ({ body }: Answer): Promise<void> => {
  for await (const _ of body) continue;
};
