import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { createClientAddress, isProxyRange } from "../src/client-address.ts";

/** A request on a connection from this address. */
const requestFrom = (remoteAddress: string | undefined, headers: Readonly<Record<string, string>> = {}) => {
  const socket = new Socket();
  Object.defineProperty(socket, "remoteAddress", { value: remoteAddress });
  return Object.assign(new IncomingMessage(socket), { headers });
};

const spoofed = {
  "x-forwarded-for": "198.51.100.7",
  "x-real-ip": "198.51.100.7",
  forwarded: "for=198.51.100.7",
  "x-client-ip": "198.51.100.7",
};

describe("without trusted proxies", () => {
  const addressOf = createClientAddress([]);
  test("I03 is that of the connection, whatever the headers say", () => {
    expect(addressOf(requestFrom("203.0.113.5", spoofed))).toBe("203.0.113.5");
    expect(addressOf(requestFrom("127.0.0.1", spoofed))).toBe("127.0.0.1");
  });

  test("an IPv4 address is the same in both spellings; an IPv6 one stands for its network", () => {
    expect(addressOf(requestFrom("::ffff:203.0.113.5"))).toBe("203.0.113.5");
    const [one, other, elsewhere] = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"].map((address) =>
      addressOf(requestFrom(address)),
    );
    expect(other).toBe(one);
    expect(elsewhere).not.toBe(one);
  });

  test("a connection that is gone has none, and asking is no error", () => {
    expect(addressOf(requestFrom(undefined))).toBe("");
  });
});

describe("behind trusted proxies", () => {
  const addressOf = createClientAddress(["10.0.0.0/8", "192.0.2.1"]);
  test("I03 is the right-most address that is no trusted proxy", () => {
    const via = (forwardedFor: string, from = "10.1.2.3"): string =>
      addressOf(requestFrom(from, { "x-forwarded-for": forwardedFor }));
    expect(via("203.0.113.5")).toBe("203.0.113.5");
    expect(via("198.51.100.7, 203.0.113.5")).toBe("203.0.113.5");
    expect(via("198.51.100.7, 203.0.113.5, 10.9.9.9, 192.0.2.1")).toBe("203.0.113.5");
    expect(via("10.9.9.9")).toBe("10.9.9.9");
    expect(via("::ffff:203.0.113.5")).toBe("203.0.113.5");
  });

  test("I03 from anybody else the header has no effect, and other headers never have", () => {
    expect(addressOf(requestFrom("203.0.113.5", spoofed))).toBe("203.0.113.5");
    expect(addressOf(requestFrom("10.1.2.3", { ...spoofed, "x-forwarded-for": "203.0.113.5" }))).toBe("203.0.113.5");
    expect(addressOf(requestFrom("10.1.2.3", { "x-real-ip": "1.1.1.1", forwarded: "for=1.1.1.1" }))).toBe("10.1.2.3");
  });

  test("I03 what is no address is nobody's in particular, and asking is no error", () => {
    for (const nonsense of ["unknown", "", ",,,", "for=1.1.1.1", "x".repeat(16_000), "1.1.1.1:80"]) {
      expect(addressOf(requestFrom("10.1.2.3", { "x-forwarded-for": nonsense })).length).toBeLessThan(40);
    }
  });
});

test.each(["10.0.0.0/8", "192.0.2.1", "::1", "fc00::/7", "loopback", "uniquelocal"])("%s can be trusted", (range) => {
  expect(isProxyRange(range)).toBe(true);
});

test.each(["", "*", "10.0.0.0/33", "example.com", "10.0.0", "all", "true", "1"])("%j cannot be trusted", (range) => {
  expect(isProxyRange(range)).toBe(false);
});
