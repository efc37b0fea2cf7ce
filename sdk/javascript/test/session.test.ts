import { describe, expect, test } from "vitest";
import type { Session } from "../src/options.ts";
import { GivenToken, RenewedSession, toApiUrl } from "../src/session.ts";
import { failureOf } from "./failure-of.ts";
import { createTestClock } from "./test-clock.ts";

const hourMs = 3_600_000;

/** A session source whose backend gives token-1, token-2, …, each good for `lifeMs`. */
function createSource({ lifeMs = hourMs, apiUrl }: { lifeMs?: number; apiUrl?: string } = {}) {
  const clock = createTestClock();
  const backend = {
    calls: 0,
    error: undefined as Error | undefined,
    overrides: {} as Partial<Session>,
  };
  const getSession = async (): Promise<Session> => {
    backend.calls += 1;
    if (backend.error !== undefined) throw backend.error;
    return {
      token: `token-${backend.calls}`,
      expiresAt: new Date(clock.now() + lifeMs).toISOString(),
      apiUrl: "https://chat.example.com/v1/",
      chatUserId: "ann",
      ...backend.overrides,
    };
  };
  return { clock, backend, source: new RenewedSession(clock, getSession, apiUrl) };
}

describe("RenewedSession", () => {
  test("fetches one session for all who ask at the same time", async () => {
    const { source, backend } = createSource();
    const credentials = await Promise.all([source.fresh(), source.fresh(), source.fresh()]);
    expect(backend.calls).toBe(1);
    expect(new Set(credentials).size).toBe(1);
    expect(credentials[0]).toMatchObject({ token: "token-1", userId: "ann", apiUrl: "https://chat.example.com/v1" });
  });

  test("renews five minutes before the end, and not sooner", async () => {
    const { source, backend, clock } = createSource();
    await source.fresh();
    await clock.advance(hourMs - 300_001);
    expect(await source.fresh()).toMatchObject({ token: "token-1" });
    await clock.advance(1);
    expect(await source.fresh()).toMatchObject({ token: "token-2" });
    expect(backend.calls).toBe(2);
  });

  test("renews a short session when a fifth of its life is left, so that it never runs in a loop", async () => {
    const { source, backend, clock } = createSource({ lifeMs: 60_000 });
    await source.fresh();
    await clock.advance(47_999);
    await source.fresh();
    expect(backend.calls).toBe(1);
    await clock.advance(1);
    await source.fresh();
    expect(backend.calls).toBe(2);
  });

  test("asks at most twice a minute when the backend repeats a session that is about to end", async () => {
    const { source, backend, clock } = createSource();
    backend.overrides = { expiresAt: new Date(clock.now() + 5000).toISOString() };
    for (let second = 0; second < 60; second += 1) {
      await source.fresh();
      await clock.advance(1000);
    }
    expect(backend.calls).toBeLessThanOrEqual(3);
  });

  test("trusts a session that seems over on arrival: this clock may be wrong", async () => {
    const { source, backend, clock } = createSource({ lifeMs: -hourMs });
    expect(await source.fresh()).toMatchObject({ token: "token-1", renewAtMs: Infinity });
    await clock.advance(10 * hourMs);
    await source.fresh();
    expect(backend.calls).toBe(1);
  });

  test("goes on with a token that still holds while the backend fails, and asks again half a minute later", async () => {
    const { source, backend, clock } = createSource();
    await source.fresh();
    await clock.advance(hourMs - 300_000);
    backend.error = new Error("backend is down");
    expect(await source.fresh()).toMatchObject({ token: "token-1" });
    expect(await source.fresh()).toMatchObject({ token: "token-1" });
    expect(backend.calls).toBe(2);
    await clock.advance(30_000);
    backend.error = undefined;
    expect(await source.fresh()).toMatchObject({ token: "token-3" });
  });

  test("rejects with the backend's words once the token is over", async () => {
    const { source, backend, clock } = createSource();
    await source.fresh();
    await clock.advance(hourMs);
    backend.error = Object.assign(new Error("backend is down"), { status: 503 });
    await expect(source.fresh()).rejects.toMatchObject({
      message: "unable to get a session; backend is down",
      code: "session_unavailable",
      status: 503,
      cause: backend.error,
    });
  });

  test("does not use a token on when the backend says that the user may not chat any more", async () => {
    const { source, backend, clock } = createSource();
    await source.fresh();
    await clock.advance(hourMs - 300_000);
    backend.error = Object.assign(new Error("signed out"), { status: 401 });
    await expect(source.fresh()).rejects.toMatchObject({ code: "session_unavailable", status: 401 });
  });

  test("replaces a refused token once for all who met the refusal", async () => {
    const { source, backend } = createSource();
    const refused = await source.fresh();
    const renewed = await Promise.all([source.renew(refused), source.renew(refused)]);
    expect(renewed.map((credential) => credential?.token)).toEqual(["token-2", "token-2"]);
    expect(await source.renew(refused)).toMatchObject({ token: "token-2" });
    expect(backend.calls).toBe(2);
  });

  test("has nothing better when the backend repeats the refused token", async () => {
    const { source, backend } = createSource();
    backend.overrides = { token: "always the same" };
    expect(await source.renew(await source.fresh())).toBeUndefined();
  });

  test("refuses the session of another user", async () => {
    const { source, backend } = createSource();
    const refused = await source.fresh();
    backend.overrides = { chatUserId: "bob" };
    await expect(source.renew(refused)).rejects.toMatchObject({
      message: "unable to renew the session; it belongs to another user",
      code: "invalid_session",
    });
  });

  test.for([
    [{ token: "" }, "unable to use the session; getSession gave no token"],
    [{ chatUserId: undefined as unknown as string }, "unable to use the session; getSession gave no chatUserId"],
    [{ apiUrl: "chat.example.com" }, 'unable to use the API URL; "chat.example.com" is not an http or https URL'],
  ] as const)("refuses what is no session: %o", async ([overrides, message]) => {
    const { source, backend } = createSource();
    backend.overrides = overrides;
    await expect(source.fresh()).rejects.toThrow(message);
  });

  test("the URL of init goes before the session's own", async () => {
    const { source, backend } = createSource({ apiUrl: "http://localhost:3001/v1" });
    backend.overrides = { apiUrl: "http://other.example.com/v1" };
    expect(await source.fresh()).toMatchObject({ apiUrl: "http://localhost:3001/v1" });
  });

  test("does not wait for ever for a backend that does not answer", async () => {
    const clock = createTestClock();
    const source = new RenewedSession(clock, () => new Promise(() => {}), undefined);
    const failure = failureOf(source.fresh());
    await clock.advance(15_000);
    expect((await failure).message).toBe("unable to get a session; no answer within 15 s");
  });
});

test("a given token is renewed only by another given token", async () => {
  const source = new GivenToken("http://localhost:3001/v1", "ann", "old");
  const refused = await source.fresh();
  expect(refused).toMatchObject({ token: "old", userId: "ann", renewAtMs: Infinity });
  expect(await source.renew(refused)).toBeUndefined();
  source.replace("new");
  expect(await source.renew(refused)).toMatchObject({ token: "new" });
});

test("one slash at the end of the API URL is dropped, and only an http(s) URL is accepted", () => {
  expect(toApiUrl("http://localhost:3001/v1/")).toBe("http://localhost:3001/v1");
  expect(toApiUrl("http://localhost:3001/v1//")).toBe("http://localhost:3001/v1/");
  for (const url of ["", "localhost:3001/v1", "ftp://localhost/v1", "http://", "javascript:alert(1)"]) {
    expect(() => toApiUrl(url)).toThrow("is not an http or https URL");
  }
});
