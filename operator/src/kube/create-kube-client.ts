import type { Clock } from "./clock.ts";
import { createConnections } from "./dispatcher.ts";
import type { RequestMetrics } from "./engine-metrics.ts";
import type { KubeClient, ListOptions, WatchOptions } from "./kube-client.ts";
import type { KubeAccess } from "./kube-config.ts";
import { KubeError } from "./kube-error.ts";
import type { KubeObject, ObjectRef, Resource } from "./kube-object.ts";
import { createKubeWrites } from "./kube-writes.ts";
import { toQuery } from "./paths.ts";
import type { Answer } from "./read-answer.ts";
import { readAnswer } from "./read-answer.ts";
import type { KubeRequest } from "./send-request.ts";
import { createSender, toOperation, toSendError } from "./send-request.ts";
import { createServedKinds } from "./served-kinds.ts";
import { createServerRecovery } from "./server-recovery.ts";
import { withTimeLimit } from "./time-limit.ts";
import { createTokenBucket } from "./token-bucket.ts";
import { readWatchStream } from "./watch-stream.ts";

export interface KubeClientOptions {
  readonly access: KubeAccess;
  readonly clock: Clock;
  readonly metrics?: RequestMetrics;
  /** Writes are checked by the server and not kept (`dryRun=All`); Leases and Events are not written at all. */
  readonly dryRun?: boolean;
  readonly limits?: Partial<KubeClientLimits>;
}

export interface KubeClientLimits {
  /** Connections for calls; watches and the Lease have their own. */
  readonly connections: number;
  /** Connections for watches: one for each kind in each namespace that is watched. One too many waits until `callMs`. */
  readonly watchConnections: number;
  /** Requests a second over a longer time, the Lease not counted. */
  readonly perSecond: number;
  /** Requests at once. */
  readonly burst: number;
  /** From the wait for the rate limit to the last byte of the answer; of a watch, to its first. */
  readonly callMs: number;
  /** Bytes of an answer. */
  readonly answerBytes: number;
  /** Bytes of one event of a watch. */
  readonly watchLineBytes: number;
  /**
   * A watch without a byte for so long is half-open. Servers send a bookmark each minute; from one that does not, a watch
   * is opened anew more often than it asks for, and nothing else is lost.
   */
  readonly watchSilenceMs: number;
}

const defaultLimits: KubeClientLimits = {
  connections: 32,
  watchConnections: 1000,
  perSecond: 50,
  burst: 100,
  callMs: 30_000,
  answerBytes: 32 * 2 ** 20,
  watchLineBytes: 4 * 2 ** 20,
  watchSilenceMs: 150_000,
};

/** Tries that the elector has given up keep theirs for up to `callMs` on a dead network; the next one must not wait for it. */
const leaseConnections = 8;

/** The one client of a process. */
export interface RatedKubeClient extends KubeClient {
  /** The same client for what somebody waits for: its requests do not wait for the rate limit, but count in it. */
  readonly urgent: KubeClient;
}

/** Makes the one client of a process; its connections are closed when it is disposed. */
export const createKubeClient = ({
  access,
  clock,
  metrics,
  dryRun = false,
  ...rest
}: KubeClientOptions): RatedKubeClient => {
  const limits = { ...defaultLimits, ...rest.limits };
  const connections = createConnections({
    call: limits.connections,
    watch: limits.watchConnections,
    lease: leaseConnections,
  });
  const bucket = createTokenBucket(clock, limits.perSecond, limits.burst);
  const recovery = createServerRecovery();
  const heard: RequestMetrics = {
    finished(request) {
      metrics?.finished(request);
      recovery.finished(request);
    },
  };
  const send = createSender({ access, connections, clock, bucket, metrics: heard });

  /** Sends and reads within the time limit. */
  const within = async <R>(request: KubeRequest, above: AbortSignal | undefined, read: ReadAnswer<R>): Promise<R> => {
    const operation = toOperation(request);
    try {
      return await withTimeLimit(clock, limits.callMs, above, async (signal) => {
        const answer = await send(request, signal);
        return await read(answer, operation);
      });
    } catch (error) {
      throw toSendError(error, operation, above);
    }
  };
  const callAs =
    (urgent: boolean): Call =>
    (request, signal) =>
      within({ ...request, urgent }, signal, (answer, operation) => readAnswer(answer, operation, limits.answerBytes));
  const served = createServedKinds(clock, callAs(false));

  const open = (call: Call): KubeClient => ({
    async get<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef) {
      try {
        return (await call({ verb: "get", target: { resource, ...ref } })) as T;
      } catch (error) {
        if (error instanceof KubeError && error.status === 404) return undefined;
        throw error;
      }
    },
    async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions = {}) {
      const { namespace, labelSelector, fieldSelector, limit, continueToken, resourceVersion, signal } = options;
      const query = toQuery({ labelSelector, fieldSelector, limit, continue: continueToken, resourceVersion });
      const accept = acceptOf(resource, "PartialObjectMetadataList");
      const answer = await call({ verb: "list", target: { resource, namespace }, query, accept }, signal);
      const { items, metadata } = answer as ListAnswer<T>;
      return {
        items: (items ?? []).map((item) => withKind(resource, item)),
        resourceVersion: metadata.resourceVersion,
        ...(metadata.continue ? { continueToken: metadata.continue } : {}),
      };
    },
    async *watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions, signal: AbortSignal) {
      const { namespace, ...parameters } = options;
      const query = toQuery({ watch: true, allowWatchBookmarks: true, ...parameters });
      const accept = acceptOf(resource, "PartialObjectMetadata");
      const request = { verb: "watch", target: { resource, namespace }, query, accept } as const;
      const body = await within(request, signal, async (answer, operation) => {
        // Anything else is no stream, but a Status that says why.
        if (answer.statusCode !== 200) await readAnswer(answer, operation, limits.answerBytes);
        return answer.body;
      });
      const silenceMsMax = Math.min(limits.watchSilenceMs, (options.timeoutSeconds + 10) * 1000);
      const stream = {
        clock,
        signal,
        operation: toOperation(request),
        lineBytesMax: limits.watchLineBytes,
        silenceMsMax,
      };
      for await (const event of readWatchStream<T>(body, stream))
        yield "object" in event ? { ...event, object: withKind(resource, event.object) } : event;
    },
    ...createKubeWrites(call, dryRun),
    ...served,
    recovery,
    async [Symbol.asyncDispose]() {
      await connections[Symbol.asyncDispose]();
    },
  });
  return { ...open(callAs(false)), urgent: open(callAs(true)) };
};

type Call = (request: KubeRequest, signal?: AbortSignal) => Promise<object>;

type ReadAnswer<R> = (answer: Answer, operation: string) => Promise<R>;

interface ListAnswer<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  /** `null` for an empty list of PartialObjectMetadata. */
  readonly items: readonly T[] | null;
}

/** Without any other choice in it: a server that could not answer so must not send the contents instead. */
const acceptOf = ({ metadataOnly }: Resource, kind: string): string =>
  metadataOnly ? `application/json;as=${kind};g=meta.k8s.io;v=v1` : "application/json";

/** Items of a list do not say what they are, and metadata alone says that it is PartialObjectMetadata. */
const withKind = <T extends KubeObject>({ apiVersion, kind }: Resource<T>, object: T): T => ({
  ...object,
  apiVersion,
  kind,
});
