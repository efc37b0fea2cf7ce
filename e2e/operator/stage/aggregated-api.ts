import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import type { V1APIService, V1ConfigMap } from "@kubernetes/client-node";
import { waitUntil } from "../../../scripts/process/wait.ts";
import { createAuthority } from "../../../scripts/testing/kube/certificates.ts";
import type { KubeApi } from "../../../scripts/testing/kube/kube-api.ts";

/** An answer of an API that stands behind the API server, to a decoded path; undefined is a 404. */
export type AnswerPath = (
  path: string,
  query: URLSearchParams,
) => Promise<{ readonly status: number; readonly body: object } | undefined>;

export interface AggregatedApiOptions {
  readonly api: KubeApi;
  /** `metrics.k8s.io` */
  readonly group: string;
  readonly version: string;
  /** What a path below that of the version answers; the path of the version itself answers with its kinds. */
  readonly answer: AnswerPath;
}

const namespace = "kube-system";
const availableMsMax = 30_000;

/**
 * Serves a group of the API from this process and registers it (APIService), so that whoever asks the API server is answered
 * from here. Authorization is the API server's, and only it may call. Resolves when the API server says that the group is
 * available. Disposing takes the group out of the API again.
 */
export const openAggregatedApi = async (options: AggregatedApiOptions): Promise<AsyncDisposable> => {
  const { api, group, version } = options;
  await using parts = new AsyncDisposableStack();
  const service = `${group.replaceAll(".", "-")}-${version}`;
  const authority = await createAuthority(service);
  // The name by which the API server checks it, wherever it is.
  const address = { type: "dns", value: `${service}.${namespace}.svc` } as const;
  const { certificate, privateKey } = await authority.issue({ commonName: service, addresses: [address] });
  const tls = { cert: certificate, key: privateKey, ca: await readFrontProxyCa(api), requestCert: true };
  const server = createServer({ ...tls, rejectUnauthorized: true }, (incoming, outgoing) => {
    // The API server went away, or the test is over.
    answerCall(options, incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  parts.defer(async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  });
  const { port } = server.address() as AddressInfo;
  const services = `/api/v1/namespaces/${namespace}/services`;
  // No network leads to a cluster IP here; a name is asked for as it stands.
  await api.post(services, { metadata: { name: service }, spec: { type: "ExternalName", externalName: "localhost" } });
  parts.defer(() => api.delete(`${services}/${service}`));
  const registrations = "/apis/apiregistration.k8s.io/v1/apiservices";
  const registration = `${registrations}/${version}.${group}`;
  await api.post(registrations, {
    metadata: { name: `${version}.${group}` },
    spec: {
      group,
      version,
      groupPriorityMinimum: 100,
      versionPriority: 100,
      caBundle: Buffer.from(authority.certificate).toString("base64"),
      service: { namespace, name: service, port },
    },
  });
  parts.defer(() => api.delete(registration));
  await waitUntilAvailable(api, registration);
  return parts.move();
};

/** As an API server behind another one finds out whom to believe who asks. */
const readFrontProxyCa = async (api: KubeApi): Promise<string> => {
  const path = `/api/v1/namespaces/${namespace}/configmaps/extension-apiserver-authentication`;
  const ca = (await api.get<V1ConfigMap>(path)).data?.["requestheader-client-ca-file"];
  if (ca === undefined) throw new Error("unable to stand behind the API server; it names no authority of its own");
  return ca;
};

const waitUntilAvailable = async (api: KubeApi, path: string): Promise<void> => {
  let last: V1APIService | undefined;
  const isAvailable = async (): Promise<boolean> => {
    last = await api.get<V1APIService>(path);
    return last.status?.conditions?.some(({ type, status }) => type === "Available" && status === "True") === true;
  };
  if (await waitUntil(isAvailable, { limitMs: availableMsMax, everyMs: 50 })) return;
  throw new Error(`unable to stand behind the API server; it says ${JSON.stringify(last?.status)}`);
};

const answerCall = async (
  { answer }: AggregatedApiOptions,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> => {
  if (!(incoming.socket as TLSSocket).authorized) throw new Error("unable to answer; the caller is not the API server");
  const { pathname, searchParams } = new URL(incoming.url ?? "/", "https://api");
  // The autoscaler spells `*` as `%2A`.
  const given = (await answer(decodeURIComponent(pathname), searchParams)) ?? notFound;
  outgoing.writeHead(given.status, { "content-type": "application/json" });
  outgoing.end(JSON.stringify(given.body));
};

/** `Status`, as every part of the API tells of trouble. */
export const toStatus = (code: number, reason: string): { readonly status: number; readonly body: object } => ({
  status: code,
  body: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", reason, code },
});

const notFound = toStatus(404, "NotFound");
