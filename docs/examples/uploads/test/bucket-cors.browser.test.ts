import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort } from "../../../../scripts/process/ports.ts";
import { launchBrowser } from "../../../../scripts/testing/browser.ts";
import { type TestGateway, startTestGateway } from "../../../../scripts/testing/gateway.ts";
import { type S3Server, findS3Program, startS3Server } from "../../../../scripts/testing/s3-server.ts";
import { sampleFiles } from "../../../../scripts/testing/sample-files.ts";
import { presign, uploadFile } from "../../../../scripts/testing/upload-file.ts";
import { codeBlocks, readPage } from "../../../test/markdown.ts";

/** The rules for a bucket that the how-to page shows, in a real store, for pages in a real browser. */
interface Rule {
  readonly AllowedOrigins: readonly string[];
  readonly AllowedMethods: readonly string[];
  readonly AllowedHeaders?: readonly string[];
  readonly MaxAgeSeconds?: number;
}

const program = await findS3Program();
if ("problem" in program) console.warn(`SKIPPED: CORS of a bucket; ${program.problem}`);
const shown = codeBlocks(await readPage("docs/how-to/uploads.md")).find(({ code }) => code.includes("CORSRules"));
const { CORSRules: rules } = JSON.parse(shown?.code ?? "") as { readonly CORSRules: readonly Rule[] };

/** As the API of a store takes them; `origin` in place of the one on the page. */
const toXml = (origin: string): string => {
  const tags = (name: string, values: readonly (string | number)[] = []): string =>
    values.map((value) => `<${name}>${value}</${name}>`).join("");
  const items = rules.map((rule) => {
    const origins = rule.AllowedOrigins.map((one) => (one === "*" ? one : origin));
    const age = rule.MaxAgeSeconds === undefined ? [] : [rule.MaxAgeSeconds];
    const fields = [
      tags("AllowedOrigin", origins),
      tags("AllowedMethod", rule.AllowedMethods),
      tags("AllowedHeader", rule.AllowedHeaders),
      tags("MaxAgeSeconds", age),
    ];
    return `<CORSRule>${fields.join("")}</CORSRule>`;
  });
  return `<CORSConfiguration>${items.join("")}</CORSConfiguration>`;
};

describe.skipIf("problem" in program)("a bucket with the rules of the page", () => {
  const { png } = sampleFiles;
  let s3: S3Server;
  let gateway: TestGateway;
  let browser: Browser;
  let sites: { readonly own: Site; readonly other: Site };
  beforeAll(async () => {
    s3 = await startS3Server("path" in program ? program.path : "");
    const port = await freePort();
    gateway = await startTestGateway({ config: { port, files: s3.configFor(`http://127.0.0.1:${port}`) } });
    browser = await launchBrowser();
    sites = { own: await startSite(), other: await startSite() };
    await s3.setCors(toXml(sites.own.origin));
  });
  afterAll(async () => {
    sites.own[Symbol.dispose]();
    sites.other[Symbol.dispose]();
    await browser.close();
    await gateway[Symbol.asyncDispose]();
    await s3[Symbol.asyncDispose]();
  });

  const open = async ({ origin }: Site): Promise<Page> => {
    const page = await browser.newPage();
    await page.goto(origin);
    return page;
  };
  /** In a page: the status of a PUT, or what the browser said instead. */
  const put = async (page: Page): Promise<number | string> => {
    const { uploadUrl } = (await presign(gateway.a.api, png)).body;
    return await page.evaluate(
      ({ url, type, base64 }) =>
        fetch(url, {
          method: "PUT",
          headers: { "content-type": type },
          body: Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)),
        }).then(
          ({ status }) => status,
          (error: unknown) => String(error),
        ),
      { url: String(uploadUrl), type: png.mediaType, base64: png.bytes.toString("base64") },
    );
  };

  test("takes files from your pages, and from no others", async () => {
    expect(await put(await open(sites.own))).toBe(200);
    expect(await put(await open(sites.other))).toBe("TypeError: Failed to fetch");
  });

  test("lets a page read what a link leads to", async () => {
    const uploadId = await uploadFile(gateway.a.api, png);
    const { accessUrl } = (await gateway.a.api.get(`/chat/uploads/${uploadId}/access`)).body;
    const page = await open(sites.own);
    const bytes = await page.evaluate(
      async (url) => (await (await fetch(url)).arrayBuffer()).byteLength,
      String(accessUrl),
    );
    expect(bytes).toBe(png.bytes.length);
  });
});

interface Site extends Disposable {
  readonly origin: string;
}

/** An empty page, on an origin of its own. */
const startSite = async (): Promise<Site> => {
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "text/html").end("<!doctype html><title>shop</title>");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};
