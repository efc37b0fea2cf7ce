import { join } from "node:path";
import type { KubeApi } from "./kube-api.ts";
import { installCrdFiles } from "./install-crds.ts";

/** Installs HTTPRoute of the Gateway API, as a cluster has it whose administrator did; nothing serves the routes. */
export const installGatewayApi = (api: KubeApi): Promise<void> =>
  installCrdFiles(api, [join(import.meta.dirname, "gateway-api", "httproutes.yaml")]);
