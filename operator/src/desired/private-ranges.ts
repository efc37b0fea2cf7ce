/**
 * Addresses that are not on the public internet: no webhook goes there.
 * Source: IANA's special-purpose registries (RFC 6890 and its updates),
 * https://www.iana.org/assignments/iana-ipv4-special-registry and …/iana-ipv6-special-registry.
 */
export const privateRanges = {
  v4: [
    "0.0.0.0/8", // this network
    "10.0.0.0/8", // private (RFC 1918)
    "100.64.0.0/10", // shared behind carriers' NAT (RFC 6598); some clouds' metadata and services
    "127.0.0.0/8", // loopback
    "169.254.0.0/16", // link-local (RFC 3927); clouds' metadata
    "172.16.0.0/12", // private
    "192.0.0.0/24", // protocol assignments
    "192.168.0.0/16", // private
    "198.18.0.0/15", // benchmarks (RFC 2544)
    "224.0.0.0/4", // multicast
    "240.0.0.0/4", // reserved, and broadcast
  ],
  // 64:ff9b::/96 stays open: without it a cluster of IPv6 alone reaches no IPv4, and a translator of that prefix must not
  // carry private IPv4 addresses (RFC 6052, 3.1).
  v6: [
    "::/128", // unspecified
    "::1/128", // loopback
    "64:ff9b:1::/48", // local translation (RFC 8215)
    "100::/64", // discard
    "fc00::/7", // unique local; clouds' metadata (fd00:ec2::254)
    "fe80::/10", // link-local
    "ff00::/8", // multicast
  ],
} as const;
