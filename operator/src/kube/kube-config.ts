import type { AgentOptions, RequestOptions } from "node:https";
import type { DispatcherOptions } from "@kubernetes/client-node";
import { KubeConfig } from "@kubernetes/client-node";
import type { Clock } from "./clock.ts";
import { KubeUnreachable } from "./kube-error.ts";

/** Where the API server is and how to be let in. */
export interface KubeAccess {
  /** `https://10.0.0.1:443`, without a slash at the end. */
  readonly server: string;
  /** What the next request carries. Throws `KubeUnreachable` when a credential cannot be had (a plugin fails, a file is missing). */
  authorize(): Promise<Authorization>;
  /** The server refused this with 401: the next `authorize` reads tokens, certificates and files anew. */
  forget(refused: Authorization): void;
}

export interface Authorization {
  readonly headers: Readonly<Record<string, string>>;
  readonly connection: DispatcherOptions;
}

/** How long a credential is used before its files and plugins are asked again. A token in a file is re-read each minute. */
const rememberMs = 10_000;

/**
 * Reads the kubeconfig at a path or, without one, what `kubectl` would use: `KUBECONFIG`, `~/.kube/config`, the service
 * account of the pod. Plugins, token files, client certificates and proxies are client-node's; its dispatcher is not used,
 * for it makes a connection pool for each call.
 */
export const loadKubeAccess = (clock: Clock, path?: string): KubeAccess =>
  createKubeAccess(clock, () => {
    const config = new KubeConfig();
    if (path === undefined) config.loadFromDefault();
    else config.loadFromFile(path);
    return config;
  });

/** `load` is called again after a 401: authenticators of a KubeConfig remember tokens, and nothing else drops them. */
export const createKubeAccess = (clock: Clock, load: () => KubeConfig): KubeAccess => {
  let config = load();
  const server = config.getCurrentCluster()?.server.replace(/\/+$/, "");
  if (!server) throw new Error("unable to find the API server; the kubeconfig names no current cluster");
  let remembered: Remembered | undefined;
  return {
    server,
    async authorize() {
      if (!remembered || clock.now() >= remembered.until)
        remembered = { authorization: authorizeBy(config), until: clock.now() + rememberMs };
      const asked = remembered;
      try {
        asked.answer = await asked.authorization;
        return asked.answer;
      } catch (error) {
        if (remembered === asked) remembered = undefined;
        throw new KubeUnreachable("unable to authorize at the API server; no credential could be had", {
          cause: error,
        });
      }
    },
    forget(refused) {
      // Of many calls that were refused together the first does it.
      if (remembered?.answer !== refused) return;
      remembered = undefined;
      config = load();
    },
  };
};

interface Remembered {
  /** One for all calls that come while a plugin runs. */
  readonly authorization: Promise<Authorization>;
  readonly until: number;
  answer?: Authorization;
}

const authorizeBy = async (config: KubeConfig): Promise<Authorization> => {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value).trim();
  if (options.auth) headers["authorization"] = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  return { headers, connection: config.createDispatcherOptions(config.getCurrentCluster(), options as AgentOptions) };
};
