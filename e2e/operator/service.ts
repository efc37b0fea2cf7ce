import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import type { V1EndpointSlice } from "@kubernetes/client-node";
import type { KubeApi } from "../../scripts/testing/kube/kube-api.ts";
import { toLoopback } from "./kubelet/pod-addresses.ts";

/** A Service of the cluster on a port of this machine, as `kubectl port-forward` or a node port would have it. */
export interface OpenService extends AsyncDisposable {
  /** `http://127.0.0.1:40123` */
  readonly origin: string;
}

export interface ServiceRef {
  readonly namespace: string;
  readonly name: string;
  /** Of the port in its EndpointSlices. */
  readonly portName: string;
}

/**
 * Opens it. Each connection goes to the next endpoint that is ready at that moment, and stays there: what kube-proxy does. It is
 * refused while there is none.
 */
export const openService = async (api: KubeApi, service: ServiceRef): Promise<OpenService> => {
  const sockets = new Set<Socket>();
  let turn = 0;
  const join = async (client: Socket): Promise<void> => {
    const endpoints = await readEndpoints(api, service);
    for (let n = 0; n < endpoints.length; n++) {
      const endpoint = endpoints[(turn + n) % endpoints.length];
      const server = endpoint && (await dial(endpoint));
      if (!server) continue;
      turn += n + 1;
      sockets.add(server);
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        from.pipe(to);
        from.on("error", () => to.destroy());
        from.once("close", () => {
          sockets.delete(from);
          to.destroy();
        });
      }
      return;
    }
    client.resetAndDestroy();
  };
  const entrance = createServer((client) => {
    sockets.add(client);
    client.on("error", () => undefined);
    // An API server that does not answer is a Service without endpoints.
    join(client).catch(() => client.resetAndDestroy());
  });
  entrance.listen(0, "127.0.0.1");
  await once(entrance, "listening");
  return {
    origin: `http://127.0.0.1:${(entrance.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(entrance, "close");
      entrance.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};

interface Endpoint {
  readonly host: string;
  readonly port: number;
}

const readEndpoints = async (api: KubeApi, { namespace, name, portName }: ServiceRef): Promise<readonly Endpoint[]> => {
  const selector = encodeURIComponent(`kubernetes.io/service-name=${name}`);
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=${selector}`;
  const { items } = await api.get<{ items: V1EndpointSlice[] }>(path);
  return items.flatMap(({ endpoints, ports }) => {
    const port = ports?.find((one) => one.name === portName)?.port;
    if (port === undefined) return [];
    const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready === true);
    return ready.flatMap(({ addresses }) => addresses.map((address) => ({ host: toLoopback(address), port })));
  });
};

const dial = async (endpoint: Endpoint): Promise<Socket | undefined> => {
  const socket = connect(endpoint);
  try {
    await once(socket, "connect");
    return socket;
  } catch {
    // It went away a moment ago; the next one may be there.
    return undefined;
  }
};
