import { readFile } from "node:fs/promises";
import { Agent, request } from "undici";

/** An answer that is not a success. */
export class ApiFailure extends Error {
  override readonly name = "ApiFailure";
  readonly status: number;
  /** `NotFound`, `Conflict` … */
  readonly reason: string;

  constructor(message: string, status: number, reason: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

export interface ApiCall {
  readonly body?: object;
  /** Default: JSON, and for PATCH a JSON merge patch. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A line of a watch. */
export interface ApiEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T;
}

/**
 * The API of Kubernetes as it is on the wire, for what stands beside the operator in a test (nodes, logins, checks): paths and
 * JSON, nothing remembered. Throws `ApiFailure` for an answer that is not a success.
 */
export interface KubeApi extends AsyncDisposable {
  get<T>(path: string): Promise<T>;
  /** Undefined for a 404. */
  find<T>(path: string): Promise<T | undefined>;
  post<T>(path: string, body: object): Promise<T>;
  put<T>(path: string, body: object): Promise<T>;
  patch<T>(path: string, body: object, contentType?: string): Promise<T>;
  delete(path: string, body?: object): Promise<void>;
  /** Events from now on, or from `resourceVersion` in the path, until the signal is aborted or the server ends it. */
  watch<T>(path: string, signal: AbortSignal): AsyncGenerator<ApiEvent<T>, void>;
}

/** Opens the API as the login in this kubeconfig file calls it; the file is one of `writeKubeconfig`. */
export const openKubeApi = async (kubeconfig: string): Promise<KubeApi> => {
  const { url, tls, token } = await readLogin(kubeconfig);
  const dispatcher = new Agent({ connect: tls, connections: 64, pipelining: 1, bodyTimeout: 0 });
  const headersOf = (contentType?: string): Record<string, string> => ({
    accept: "application/json",
    ...(contentType ? { "content-type": contentType } : {}),
    ...(token ? { authorization: `Bearer ${token}` } : {}),
  });
  const call = async (method: string, path: string, body?: object, contentType?: string): Promise<unknown> => {
    const type = contentType ?? (method === "PATCH" ? "application/merge-patch+json" : "application/json");
    const response = await request(url + path, {
      method: method as "GET",
      headers: headersOf(body && type),
      body: body ? JSON.stringify(body) : null,
      dispatcher,
    });
    return readAnswer(`${method} ${path}`, response.statusCode, await response.body.text());
  };
  return {
    get: async <T>(path: string) => (await call("GET", path)) as T,
    async find<T>(path: string) {
      try {
        return (await call("GET", path)) as T;
      } catch (error) {
        if (error instanceof ApiFailure && error.status === 404) return undefined;
        throw error;
      }
    },
    post: async <T>(path: string, body: object) => (await call("POST", path, body)) as T,
    put: async <T>(path: string, body: object) => (await call("PUT", path, body)) as T,
    patch: async <T>(path: string, body: object, type?: string) => (await call("PATCH", path, body, type)) as T,
    async delete(path, body) {
      await call("DELETE", path, body);
    },
    async *watch<T>(path: string, signal: AbortSignal) {
      const target = `${url}${path}${path.includes("?") ? "&" : "?"}watch=true`;
      const { statusCode, body } = await request(target, { headers: headersOf(), dispatcher, signal });
      if (statusCode !== 200) readAnswer(`watch ${path}`, statusCode, await body.text());
      for await (const line of toLines(body)) yield JSON.parse(line) as ApiEvent<T>;
    },
    [Symbol.asyncDispose]: () => dispatcher.destroy(),
  };
};

interface Login {
  readonly url: string;
  readonly tls: { readonly ca: string; readonly cert?: string; readonly key?: string };
  readonly token?: string;
}

const readLogin = async (kubeconfig: string): Promise<Login> => {
  const { clusters, users } = JSON.parse(await readFile(kubeconfig, "utf8")) as {
    readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[];
    readonly users: readonly { readonly user: Readonly<Record<string, string>> }[];
  };
  const { cluster = {} } = clusters[0] ?? {};
  const { user = {} } = users[0] ?? {};
  const certificate = user["client-certificate-data"];
  const key = user["client-key-data"];
  return {
    url: cluster["server"] ?? "",
    tls: {
      ca: fromBase64(cluster["certificate-authority-data"] ?? ""),
      ...(certificate && key ? { cert: fromBase64(certificate), key: fromBase64(key) } : {}),
    },
    ...(user["token"] ? { token: user["token"] } : {}),
  };
};

const fromBase64 = (text: string): string => Buffer.from(text, "base64").toString();

const readAnswer = (what: string, status: number, text: string): unknown => {
  if (status >= 200 && status < 300) return text.startsWith("{") ? (JSON.parse(text) as unknown) : text;
  let answer: { readonly message?: string; readonly reason?: string } = {};
  if (text.startsWith("{")) answer = JSON.parse(text) as typeof answer;
  throw new ApiFailure(`unable to ${what}; ${status} ${answer.message ?? text}`, status, answer.reason ?? "");
};

async function* toLines(body: AsyncIterable<Buffer>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines.filter((line) => line !== "");
  }
}
