import type { Readable } from "node:stream";
import { KubeError, KubeUnreachable } from "./kube-error.ts";

/** An answer as undici gives it. */
export interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Readable;
}

/** Reads a JSON object of at most so many bytes. Throws `KubeError` for an answer that is not a success. */
export const readAnswer = async (answer: Answer, operation: string, bytesMax: number): Promise<object> => {
  const text = await readText(answer.body, operation, bytesMax);
  if (answer.statusCode >= 300) throw toKubeError(answer, text, operation);
  return parseObject(text, operation);
};

const parseObject = (text: string, operation: string): object => {
  try {
    return JSON.parse(text) as object;
  } catch {
    // Not as the cause: its message quotes the answer, and that may be a Secret.
    throw new KubeUnreachable(`unable to ${operation}; the answer is no JSON`);
  }
};

const readText = async (body: Readable, operation: string, bytesMax: number): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // Leaving the loop destroys the body, and with it the connection.
    if (bytes > bytesMax)
      throw new KubeUnreachable(`unable to ${operation}; the answer has more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
};

/** metav1.Status, as far as it is read. */
interface Status {
  readonly reason?: string;
  readonly message?: string;
  readonly code?: number;
  readonly details?: {
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly reason?: string }[];
  };
}

const toKubeError = ({ statusCode: status, headers }: Answer, text: string, operation: string): KubeError => {
  const { reason = "", message, details } = parseStatus(text);
  const retryAfterMs = toRetryAfterMs(headers["retry-after"], details?.retryAfterSeconds);
  return new KubeError(`unable to ${operation}; the API server answered ${status}${message ? `: ${message}` : ""}`, {
    status,
    reason,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    namespaceTerminating: details?.causes?.some((cause) => cause.reason === "NamespaceTerminating") ?? false,
  });
};

/** A proxy in between may answer something else than a Status; then only the number counts. */
const parseStatus = (text: string): Status => {
  try {
    const parsed = JSON.parse(text) as (Status & { readonly kind?: string }) | null;
    return parsed?.kind === "Status" ? parsed : {};
  } catch {
    return {};
  }
};

const toRetryAfterMs = (header: string | string[] | undefined, seconds: number | undefined): number | undefined => {
  // The API server gives seconds; a date (RFC 9110 allows one) is not waited for.
  const asked = typeof header === "string" && /^\d+$/.test(header) ? Number(header) : seconds;
  return asked === undefined ? undefined : asked * 1000;
};

/** A line of a watch that says why it ends, as the error that it is: a metav1.Status. */
export const toWatchError = (object: unknown): { readonly status: number; readonly message: string } => {
  const { code = 500, message = "no reason given" } = (object ?? {}) as Status;
  return { status: code, message };
};
