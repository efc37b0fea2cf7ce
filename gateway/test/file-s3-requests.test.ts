import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { S3RequestsOptions } from "../src/files/s3-requests.ts";
import { createS3Requests } from "../src/files/s3-requests.ts";
import { createS3Store } from "../src/files/s3-store.ts";

const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "the-secret" };
const amazon: S3RequestsOptions = { bucket: "files", region: "eu-central-1", credentials, forcePathStyle: false };

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("addresses that clients use", () => {
  const addressOf = async (more: Partial<S3RequestsOptions>): Promise<string> => {
    const url = new URL(await createS3Requests({ ...amazon, ...more }).presign({ method: "GET", key: "a/b" }, 60));
    return url.origin + url.pathname;
  };

  test.each([
    ["Amazon's", {}, "https://files.s3.eu-central-1.amazonaws.com/a/b"],
    ["Amazon's, bucket in the path", { forcePathStyle: true }, "https://s3.eu-central-1.amazonaws.com/files/a/b"],
    ["another's", { endpoint: "https://store.example" }, "https://files.store.example/a/b"],
    [
      "another's, bucket in the path",
      { endpoint: "http://minio:9000/", forcePathStyle: true },
      "http://minio:9000/files/a/b",
    ],
    ["one below a path", { endpoint: "https://x.example/s3/", forcePathStyle: true }, "https://x.example/s3/files/a/b"],
  ])("lead to %s store", async (_whose, more, address) => {
    expect(await addressOf(more)).toBe(address);
  });

  test("sign the type and the length of what is put, and do not show the secret", async () => {
    const headers = { "content-type": "audio/webm;codecs=opus", "content-length": "5" };
    const url = await createS3Requests(amazon).presign({ method: "PUT", key: "a/b", headers }, 300);
    const { searchParams } = new URL(url);
    expect(searchParams.get("X-Amz-SignedHeaders")).toBe("content-length;content-type;host");
    expect(searchParams.get("X-Amz-Expires")).toBe("300");
    expect(searchParams.get("X-Amz-Credential")).toMatch(/^AKIDEXAMPLE\/\d{8}\/eu-central-1\/s3\/aws4_request$/);
    expect(url).not.toContain("the-secret");
    const other = await createS3Requests(amazon).presign(
      { method: "PUT", key: "a/b", headers: { ...headers, "content-length": "6" } },
      300,
    );
    expect(new URL(other).searchParams.get("X-Amz-Signature")).not.toBe(searchParams.get("X-Amz-Signature"));
  });

  test("have no plus where a space was: stores do not agree on what it is", async () => {
    const query = { "response-content-disposition": 'attachment; filename="a + b.pdf"' };
    const url = await createS3Requests(amazon).presign({ method: "GET", key: "a/b", query }, 60);
    expect(url).not.toContain("+");
    expect(new URL(url).searchParams.get("response-content-disposition")).toBe('attachment; filename="a + b.pdf"');
  });

  test("lead to where clients reach the store", async () => {
    const store = createS3Store({
      ...amazon,
      endpoint: "http://minio:9000",
      publicEndpoint: "https://files.example",
      forcePathStyle: true,
    });
    const put = {
      key: "_incoming/a/1",
      contentType: "image/png",
      sizeBytes: 5,
      expiresAt: new Date(Date.now() + 60_000),
    };
    expect(await store.presignPut(put)).toMatch(/^https:\/\/files\.example\/files\/_incoming\/a\/1\?/);
    const shown = { method: "GET", contentType: "image/png", contentDisposition: "inline", cacheSeconds: 60 } as const;
    expect(await store.serve("a/b", shown)).toMatchObject({
      url: expect.stringMatching(/^https:\/\/files\.example\//),
    });
  });
});

describe("the key to the store", () => {
  test("is looked for where the AWS SDK does when none is given, one that is lent included", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDLENT");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "another-secret");
    vi.stubEnv("AWS_SESSION_TOKEN", "lent for an hour");
    const url = await createS3Requests({ ...amazon, credentials: undefined }).presign(
      { method: "GET", key: "a/b" },
      60,
    );
    expect(new URL(url).searchParams.get("X-Amz-Credential")).toMatch(/^AKIDLENT\//);
    expect(new URL(url).searchParams.get("X-Amz-Security-Token")).toBe("lent for an hour");
  });
});

describe("requests to the store", () => {
  /** A server that answers with these, one after the other; undefined ends the connection. */
  const serve = async (...answers: readonly ((number | readonly [number, string]) | undefined)[]) => {
    const left = [...answers];
    const server = createServer((request, response) => {
      const answer = left.shift();
      if (answer === undefined) request.socket.destroy();
      else {
        const [status, body] = typeof answer === "number" ? [answer, ""] : answer;
        response.writeHead(status, { etag: '"1"' }).end(body);
      }
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return {
      store: createS3Store({ ...amazon, endpoint, forcePathStyle: true, msMax: { request: 500, copy: 500 } }),
      left,
      [Symbol.dispose]: () => {
        server.closeAllConnections();
        server.close();
      },
    };
  };
  const arrived = { sizeBytes: 1, version: '"1"', head: new Uint8Array() };
  const headers = { contentType: "image/png", contentDisposition: "inline" };

  test("are made one more time when the store is away or overloaded for a moment", async () => {
    for (const trouble of [500, 503, undefined]) {
      using server = await serve(trouble, 204);
      await server.store.remove("a/b");
      expect(server.left).toEqual([]);
    }
  });

  test("34 fail with what the store said, and no more of it", async () => {
    const answer = [
      403,
      "<Error><Code>AccessDenied</Code><Message>user arn:aws:iam::1 may not</Message></Error>",
    ] as const;
    using server = await serve(answer);
    await expect(server.store.remove("a/b")).rejects.toThrow(
      /^unable to remove a file; the store answered: 403 AccessDenied$/,
    );
  });

  test("34 end in time when the store says nothing", async () => {
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    await new Promise((resolve) => silent.once("listening", resolve));
    const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const store = createS3Store({ ...amazon, endpoint, forcePathStyle: true, msMax: { request: 100, copy: 100 } });
    await expect(store.inspect("a/b")).rejects.toThrow("unable to read a file");
    silent.closeAllConnections();
    silent.close();
  });

  test("a copy that answers 200 and fails after that has failed", async () => {
    using fine = await serve([200, "<CopyObjectResult><ETag>1</ETag></CopyObjectResult>"]);
    expect(await fine.store.promote("a/b", "a/c", arrived, headers)).toBe(true);
    using late = await serve([200, "<Error><Code>InternalError</Code></Error>"]);
    await expect(late.store.promote("a/b", "a/c", arrived, headers)).rejects.toThrow("200 InternalError");
    using replaced = await serve(412);
    expect(await replaced.store.promote("a/b", "a/c", arrived, headers)).toBe(false);
  });

  test("a store that does not know parts answers the whole, and its beginning counts", async () => {
    using whole = await serve([200, "x".repeat(10_000)]);
    const found = await whole.store.inspect("a/b");
    expect(found?.head.length).toBe(4100);
    using empty = await serve(416);
    expect((await empty.store.inspect("a/b"))?.sizeBytes).toBe(0);
    using none = await serve(404);
    expect(await none.store.inspect("a/b")).toBeUndefined();
  });
});
