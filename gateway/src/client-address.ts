import type { IncomingMessage } from "node:http";
import proxyAddr from "@fastify/proxy-addr";
import ipaddr from "ipaddr.js";

/**
 * Tells from which address a request comes: that of the connection, or, when the connection is one of `trustedProxies`, the
 * right-most address of `X-Forwarded-For` that is not. Without trusted proxies headers have no effect (threat I03).
 *
 * An IPv6 address stands for its network of 64 bits: who has one such address has all of that network.
 */
export const createClientAddress = (trustedProxies: readonly string[]): ((request: IncomingMessage) => string) => {
  const isTrusted = trustedProxies.length === 0 ? () => false : proxyAddr.compile([...trustedProxies]);
  return (request) => toNetwork(proxyAddr(request, isTrusted));
};

/** True for an address, a range like `10.0.0.0/8`, or `loopback`, `linklocal`, `uniquelocal`. */
export const isProxyRange = (value: string): boolean => {
  const [address = ""] = value.split("/");
  // Of the short forms of IPv4, such as 10.1 for 10.0.0.1, people do not think when they write one.
  if (/[.:\d]/.test(address) && !ipaddr.IPv4.isValidFourPartDecimal(address) && !ipaddr.IPv6.isValid(address))
    return false;
  try {
    proxyAddr.compile(value);
    return true;
  } catch {
    // It says no by throwing.
    return false;
  }
};

const toNetwork = (address: string | undefined): string => {
  if (address === undefined || !ipaddr.isValid(address)) return "";
  const parsed = ipaddr.process(address);
  if (parsed.kind() === "ipv4") return parsed.toString();
  return (parsed as ipaddr.IPv6).parts.slice(0, 4).join(":");
};
