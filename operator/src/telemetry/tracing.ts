import type { Tracer } from "@opentelemetry/api";

/** Tells a tracing backend how long what took, and what failed. */
export interface Tracing {
  /** Runs the work as a span; spans that begin within it are its children. What it throws is noted on the span and thrown on. */
  span<T>(name: string, attributes: SpanAttributes, work: () => Promise<T>): Promise<T>;
  /** Sends what is not sent yet. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Names, counts and outcomes; nothing secret. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** No traces: the work runs, and nothing of OpenTelemetry's tracing is loaded. */
export const noTracing: Tracing = {
  span: (_name, _attributes, work) => work(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/**
 * Starts the OpenTelemetry SDK for Node, which reads the `OTEL_` variables of the specification itself. It is loaded here
 * and not at the top: an operator without traces does not carry its exporters in memory.
 */
export const startTracing = async (service: {
  readonly name: string;
  readonly instanceId: string;
}): Promise<Tracing> => {
  const { startNodeSdk } = await import("@opentelemetry/sdk-node");
  const { trace } = await import("@opentelemetry/api");
  const sdk = startNodeSdk({
    resourceAttributes: { "service.name": service.name, "service.instance.id": service.instanceId },
    metricReaders: [],
    logRecordProcessors: [],
  });
  return {
    span: createSpanRunner(trace.getTracer("sendsar-operator")),
    [Symbol.asyncDispose]: () => sdk.shutdown(),
  };
};

/** `SpanStatusCode.ERROR` of the OpenTelemetry API, stated because its module is loaded only with traces. */
const statusError = 2;

/** Runs work as spans of this tracer. */
export const createSpanRunner =
  (tracer: Tracer): Tracing["span"] =>
  (name, attributes, work) =>
    tracer.startActiveSpan(name, { attributes }, async (span) => {
      try {
        return await work();
      } catch (error) {
        span.recordException(error instanceof Error ? error : String(error));
        span.setStatus({ code: statusError, message: error instanceof Error ? error.message : String(error) });
        throw error;
      } finally {
        span.end();
      }
    });
