import { isIP } from "node:net";
import type { Tenant } from "../tenant/tenant.ts";
import type { NetworkPolicyConfig } from "./desired-config.ts";
import type { NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule } from "./kinds.ts";
import { toSelector } from "./labels.ts";
import { toNames } from "./names.ts";
import { portNames } from "./ports.ts";
import { privateRanges } from "./private-ranges.ts";
import { toOwned } from "./to-owned.ts";

/**
 * Who may reach a Tenant's gateways, and whom they may reach: name servers, Postgres, and HTTPS outside of any private
 * network. The last is the second lock behind the gateway's own check of webhook addresses: a URL that a tenant chose never
 * becomes a request to the cluster's own services or to a cloud's metadata.
 */
export const toNetworkPolicy = (tenant: Tenant, config: NetworkPolicyConfig): NetworkPolicy =>
  toOwned(tenant, {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: toNames(tenant.metadata.name).gateway },
    spec: {
      podSelector: { matchLabels: toSelector(tenant) },
      policyTypes: ["Ingress", "Egress"],
      ingress: toIngress(config),
      egress: [toNameServers, toDatabase(config), toPublicHttps, ...config.extraEgress],
    },
  });

const toIngress = ({ publicFrom, adminFrom }: NetworkPolicyConfig): NetworkPolicyIngressRule[] => [
  {
    ...(publicFrom.length > 0 && { from: publicFrom }),
    ports: [{ protocol: "TCP", port: portNames.http }],
  },
  // A rule without a peer would let everybody in.
  ...(adminFrom.length > 0 ? [{ from: adminFrom, ports: [{ protocol: "TCP", port: portNames.admin }] }] : []),
];

/** To any address: a name server on the node itself (NodeLocal DNSCache) is no pod that a selector could find. */
const toNameServers: NetworkPolicyEgressRule = {
  ports: [
    { protocol: "UDP", port: 53 },
    { protocol: "TCP", port: 53 },
  ],
};

const toDatabase = ({ databaseHost, databasePort }: NetworkPolicyConfig): NetworkPolicyEgressRule => {
  const version = isIP(databaseHost);
  const cidr = `${databaseHost}/${version === 4 ? 32 : 128}`;
  return {
    ...(version !== 0 && { to: [{ ipBlock: { cidr } }] }),
    ports: [{ protocol: "TCP", port: databasePort }],
  };
};

const toPublicHttps: NetworkPolicyEgressRule = {
  to: [
    { ipBlock: { cidr: "0.0.0.0/0", except: [...privateRanges.v4] } },
    { ipBlock: { cidr: "::/0", except: [...privateRanges.v6] } },
  ],
  ports: [{ protocol: "TCP", port: 443 }],
};
