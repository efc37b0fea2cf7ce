import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createTestSubscription } from "../../scripts/testing/push-subscription.ts";
import { parsePushSubscription } from "../src/chat/push-subscription.ts";

const parse = (value: unknown) => parsePushSubscription(JSON.stringify(value));
const good = createTestSubscription();
const withKeys = (keys: object) => parse({ ...good, keys: { ...good.keys, ...keys } });
const withEndpoint = (endpoint: unknown) => parse({ ...good, endpoint });
const pathsOf = (parsed: ReturnType<typeof parse>): string[] =>
  "issues" in parsed ? parsed.issues.map(({ path }) => path) : [];

describe("G01 the address of a push service", () => {
  const taken = [
    "https://fcm.googleapis.com/fcm/send/dGVzdA:APA91b",
    "https://updates.push.services.mozilla.com/wpush/v2/gAAA",
    "https://web.push.apple.com/QGx",
    "https://db5p.notify.windows.com/w/?token=BQYAAA%3d",
    "https://push.xn--p1ai/x",
    "HTTPS://FCM.GoogleAPIs.com/x",
    "https://fcm.googleapis.com:443/x",
  ];
  test.for(taken)("G01 %s is taken", (endpoint) => {
    expect(withEndpoint(endpoint)).toMatchObject({ subscription: { endpoint } });
  });

  const refused = [
    "http://fcm.googleapis.com/x",
    "ftp://fcm.googleapis.com/x",
    "wss://fcm.googleapis.com/x",
    "javascript:alert(1)",
    "//fcm.googleapis.com/x",
    "fcm.googleapis.com",
    "",
    "https://",
    "https://fcm.googleapis.com.evil.test/",
    "https://evil.test/?fcm.googleapis.com",
    "https://fcm.googleapis.com@evil.example.com/",
    "https://user:secret@fcm.googleapis.com/",
    "https://fcm.googleapis.com./x",
    "https://fcm.googleapis.com:8443/x",
    "https://fcm.googleapis.com:80/x",
    "https://127.0.0.1/x",
    "https://10.0.0.1/x",
    "https://169.254.169.254/latest/meta-data",
    "https://2130706433/x",
    "https://0x7f.1/x",
    "https://0177.0.0.1/x",
    "https://8.8.8.8/x",
    "https://①②⑦.0.0.1/x",
    "https://[::1]/x",
    "https://[::ffff:10.0.0.1]/x",
    "https://[64:ff9b::a00:1]/x",
    "https://[2001:4860:4860::8888]/x",
    "https://localhost/x",
    "https://push/x",
    "https://push.localhost/x",
    "https://push.local/x",
    "https://push.internal/x",
    "https://metadata.google.internal/x",
    "https://gateway.default.svc.cluster.local/x",
    "https://push.home.arpa/x",
    "https://push.onion/x",
    "https://push.example/x",
    "https://-push.googleapis.com/x",
    "https://push..googleapis.com/x",
    `https://${"x".repeat(64)}.googleapis.com/x`,
    `https://fcm.googleapis.com/${"x".repeat(10_240)}`,
    7,
    null,
    ["https://fcm.googleapis.com/x"],
  ];
  test.for(refused)("G01 %s is refused", (endpoint) => {
    expect(pathsOf(withEndpoint(endpoint))).toEqual(["token.endpoint"]);
  });
});

describe("G04 its keys", () => {
  const { p256dh, auth } = good.keys;
  const point = Buffer.from(p256dh, "base64url");
  const changed = (at: number, value: number): string => {
    const bytes = Buffer.from(point);
    bytes[at] = value;
    return bytes.toString("base64url");
  };

  test("G04 as browsers write them, padded or not, are taken", () => {
    expect(withKeys({})).toHaveProperty("subscription");
    expect(withKeys({ p256dh: `${p256dh}=`, auth: `${auth}==` })).toHaveProperty("subscription");
  });

  test.for([
    ["not on the curve", changed(64, (point[64] ?? 0) ^ 1)],
    ["the point at infinity", "AA"],
    ["compressed", Buffer.concat([Buffer.from([2]), point.subarray(1, 33)]).toString("base64url")],
    ["of another form", changed(0, 6)],
    ["a byte too short", point.subarray(0, 64).toString("base64url")],
    ["a byte too long", Buffer.concat([point, Buffer.from([0])]).toString("base64url")],
    ["of chance", Buffer.concat([Buffer.from([4]), randomBytes(64)]).toString("base64url")],
    ["all zeros", Buffer.concat([Buffer.from([4]), Buffer.alloc(64)]).toString("base64url")],
    ["beyond the field", Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 255)]).toString("base64url")],
    ["with a character that is none of base64", `${p256dh.slice(0, -1)}!`],
    ["empty", ""],
    ["absent", undefined],
    ["a number", 4],
  ] as const)("G04 p256dh %s is refused", ([, value]) => {
    expect(pathsOf(withKeys({ p256dh: value }))).toEqual(["token.keys.p256dh"]);
  });

  test.for([
    ["15 bytes", randomBytes(15).toString("base64url")],
    ["17 bytes", randomBytes(17).toString("base64url")],
    ["empty", ""],
    ["absent", undefined],
    ["with a blank", `${auth} `],
    ["a list", [auth]],
  ] as const)("G04 auth of %s is refused", ([, value]) => {
    expect(pathsOf(withKeys({ auth: value }))).toEqual(["token.keys.auth"]);
  });

  test.for([["text"], [7], [null], [[]], [{}], ["{}"]])("what is no subscription, %j, is refused", ([value]) => {
    expect(pathsOf(parse(value)).length).toBeGreaterThan(0);
  });

  test.for(["", "{", "token", "{'endpoint':1}", "\u0000"])(
    "what is no JSON, %j, is refused without being quoted",
    (token) => {
      expect(parsePushSubscription(token)).toEqual({
        issues: [{ path: "token", message: "must be a push subscription as JSON" }],
      });
    },
  );
});
