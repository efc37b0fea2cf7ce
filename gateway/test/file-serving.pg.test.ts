import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestGateway, TestPeer } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import { rawRequest } from "../../scripts/testing/raw-request.ts";
import { expectNoInsides, withoutRequestId } from "../../scripts/testing/refusals.ts";
import type { SampleFile } from "../../scripts/testing/sample-files.ts";
import { sampleFiles } from "../../scripts/testing/sample-files.ts";
import { createTestUser } from "../../scripts/testing/test-user.ts";
import { uploadFile } from "../../scripts/testing/upload-file.ts";

const { png, gif, pdf, svg, html, webm } = sampleFiles;

let one: TestGateway;
let two: TestPeer;
let nowMs = Date.now();
beforeAll(async () => {
  // A clock of its own, for links that end.
  one = await startTestGateway({ now: () => new Date(nowMs) });
  two = await one.startPeer();
  const media = { allowedMimeTypes: ["*/*"] };
  await one.a.api.patch("/tenant/settings", { chat: { media } });
});
afterAll(() => one[Symbol.asyncDispose]());

/** Uploads a file and answers a link to it. */
const linkTo = async (file: SampleFile): Promise<string> => {
  const uploadId = await uploadFile(one.a.api, file);
  return (await one.a.api.get(`/chat/uploads/${uploadId}/access`)).body.accessUrl;
};
const refusalAt = async (url: string): Promise<[number, string]> => {
  const response = await fetch(url);
  const text = await response.text();
  expectNoInsides(text);
  return [response.status, (JSON.parse(text) as { code: string }).code];
};

describe("E08 a browser", () => {
  test.each([
    ["a picture", png, "image/png", "inline"],
    ["sound", webm, "audio/webm", "inline"],
    ["a document", pdf, "application/pdf", "attachment"],
    ["a drawing in SVG", svg, "application/octet-stream", "attachment"],
    ["a page", html, "application/octet-stream", "attachment"],
    ["XHTML", { ...html, mediaType: "application/xhtml+xml" }, "application/octet-stream", "attachment"],
    ["XML with a style sheet", { ...svg, mediaType: "application/xml" }, "application/octet-stream", "attachment"],
    ["a script", { ...html, mediaType: "text/javascript" }, "application/octet-stream", "attachment"],
    ["a polyglot of GIF and script", { ...gif, filename: "x.js" }, "image/gif", "inline"],
  ])("E08 %s is given so that it can do nothing", async (_what, file, type, disposition) => {
    const response = await fetch(await linkTo(file));
    expect(response.status).toBe(200);
    const header = (name: string): string | null => response.headers.get(name);
    expect(header("content-type")).toBe(type);
    expect(header("content-disposition")).toMatch(new RegExp(`^${disposition}; filename=`));
    expect(header("x-content-type-options")).toBe("nosniff");
    expect(header("content-security-policy")).toBe("sandbox; default-src 'none'");
    expect(header("access-control-allow-origin")).toBe("*");
    expect(header("set-cookie")).toBeNull();
    expect(Buffer.from(await response.arrayBuffer())).toEqual(file.bytes);
  });

  test("E08 the name at the end of a link decides nothing", async () => {
    const link = await linkTo(png);
    for (const name of ["evil.html", "x.svg", "..%2F..%2Fetc%2Fpasswd", "%0d%0aset-cookie:x=1", "%00"]) {
      const response = await fetch(link.replace(/[^/]+$/, name));
      expect(response.headers.get("content-type")).toBe("image/png");
      expect(response.headers.get("content-disposition")).toBe("inline; filename=dot.png");
      expect(response.headers.get("set-cookie")).toBeNull();
    }
  });

  test("E07 a name comes back clean, as RFC 6266 has it", async () => {
    const dispositionOf = async (filename: string) =>
      (await fetch(await linkTo({ ...png, filename }))).headers.get("content-disposition");
    expect(await dispositionOf("../../etc/passwd")).toBe("inline; filename=_.._etc_passwd");
    expect(await dispositionOf('a"; filename="evil.exe')).toBe('inline; filename="a_; filename=_evil.exe"');
    expect(await dispositionOf("a\r\nset-cookie: x=1")).not.toMatch(/[\r\n]/);
    expect(await dispositionOf("បញ្ជី.png")).toBe(
      `inline; filename="?????.png"; filename*=UTF-8''${encodeURIComponent("បញ្ជី")}.png`,
    );
  });

  test("a link may be kept by the browser of who has it for as long as it is good", async () => {
    const response = await fetch(await linkTo(png));
    const [, seconds] = /^private, max-age=(\d+)$/.exec(response.headers.get("cache-control") ?? "") ?? [];
    expect(Number(seconds)).toBeGreaterThan(3590);
    const etag = response.headers.get("etag") ?? "";
    // As a browser asks; `fetch` here would add that it wants no cache.
    const again = await rawRequest(one.url, {
      path: new URL(response.url).pathname,
      headers: [["if-none-match", etag]],
    });
    expect([again.status, again.text]).toEqual([304, ""]);
  });

  test("HEAD answers as GET does, without the bytes", async () => {
    const response = await fetch(await linkTo(pdf), { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe(String(pdf.bytes.length));
    expect(response.headers.get("content-type")).toBe("application/pdf");
  });
});

describe("E14 parts of a file", () => {
  const partOf = async (range: string) => {
    const response = await fetch(await linkTo(pdf), { headers: { range } });
    return { status: response.status, length: (await response.arrayBuffer()).byteLength, headers: response.headers };
  };

  test("E14 one part is given", async () => {
    const { status, length, headers } = await partOf("bytes=5-9");
    expect([status, length]).toEqual([206, 5]);
    expect(headers.get("content-range")).toBe(`bytes 5-9/${pdf.bytes.length}`);
    expect(await partOf("bytes=-4")).toMatchObject({ status: 206, length: 4 });
  });

  test("E14 of a thousand parts the whole is given, once", async () => {
    const many = Array.from({ length: 1000 }, (_, n) => `${(n % 30) * 2}-${(n % 30) * 2}`).join(",");
    expect(await partOf(`bytes=${many}`)).toMatchObject({ status: 200, length: pdf.bytes.length });
  });

  test.each(["bytes=5000-", "bytes=9-5", "bytes=x", "lines=1-2", "bytes=", "bytes=-0"])("E14 %s", async (range) => {
    const { status, length } = await partOf(range);
    expect([200, 206, 416]).toContain(status);
    expect(length).toBeLessThanOrEqual(pdf.bytes.length);
  });
});

describe("E02 links", () => {
  test("E02 end with 403, and their file goes on with others", async () => {
    const link = await linkTo(png);
    nowMs += 3_595_000;
    expect((await fetch(link)).status).toBe(200);
    nowMs += 310_000;
    expect(await refusalAt(link)).toEqual([403, "link_expired"]);
    nowMs = Date.now();
  });

  test("E02 a forged one leads nowhere, like any path that is none", async () => {
    const link = await linkTo(png);
    const [, , token = "", name = ""] = new URL(link).pathname.split("/");
    const forged = [`${token}A`, token.slice(1), "x", "", `${token.slice(0, -4)}AAAA`].map(
      (text) => `/files/${text}/${name}`,
    );
    for (const path of [
      ...forged,
      "/files",
      "/files/",
      `/files/${token}`,
      `/files/${token}/a/b`,
      "/files/../v1/users",
    ]) {
      const answer = await rawRequest(one.url, { path });
      expect([answer.status, withoutRequestId({ status: 0, body: JSON.parse(answer.text) })], path).toEqual([
        404,
        { status: 0, body: { statusCode: 404, code: "not_found", error: "Not found", message: "Not found" } },
      ]);
    }
  });

  test("E02 are good on every gateway of the database", async () => {
    const link = await linkTo(png);
    expect((await fetch(link.replace(one.url, two.url))).status).toBe(200);
  });

  test("A12 those of a suspended tenant open nothing while it is", async () => {
    const uploadId = await uploadFile(one.b.api, png);
    const { accessUrl } = (await one.b.api.get(`/chat/uploads/${uploadId}/access`)).body;
    await one.provisioner.suspendTenant("b");
    expect(await refusalAt(accessUrl)).toEqual([403, "tenant_suspended"]);
    await one.provisioner.resumeTenant("b");
    expect((await fetch(accessUrl)).status).toBe(200);
  });

  test("K02 stand in no log", async () => {
    const ann = await createTestUser(one, one.a);
    const uploadId = await uploadFile(ann.client, png);
    const { accessUrl } = (await ann.client.get(`/chat/uploads/${uploadId}/access`)).body;
    await fetch(accessUrl);
    const token = new URL(accessUrl).pathname.split("/")[2] ?? "-";
    expect(one.log.some((line) => line.includes("/files/:token/:name"))).toBe(true);
    expect(one.log.filter((line) => line.includes(token))).toEqual([]);
  });
});
