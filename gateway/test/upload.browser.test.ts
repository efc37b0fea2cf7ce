import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchBrowser } from "../../scripts/testing/browser.ts";
import type { TestGateway } from "../../scripts/testing/gateway.ts";
import { startTestGateway } from "../../scripts/testing/gateway.ts";
import type { SampleFile } from "../../scripts/testing/sample-files.ts";
import { sampleFiles } from "../../scripts/testing/sample-files.ts";
import { createTestUser } from "../../scripts/testing/test-user.ts";
import { presign, uploadFile } from "../../scripts/testing/upload-file.ts";

const { png, svg } = sampleFiles;

/** An empty page, on an origin that is not the gateway's. */
const servePage = async () => {
  const server = createServer((_request, response) => {
    response.setHeader("content-type", "text/html").end("<!doctype html><title>shop</title>");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

let gateway: TestGateway;
let browser: Browser;
beforeAll(async () => {
  [gateway, browser] = await Promise.all([startTestGateway(), launchBrowser()]);
});
afterAll(async () => {
  await browser.close();
  await gateway[Symbol.asyncDispose]();
});

/** In the page: puts bytes with an XMLHttpRequest, as the published client does, and answers how it went. */
const putInPage = ({ url, type, size }: { url: string; type: string; size: number }) =>
  new Promise<{ status: number; progress: number[] }>((resolve) => {
    const request = new XMLHttpRequest();
    const progress: number[] = [];
    request.upload.addEventListener("progress", ({ loaded }) => progress.push(loaded));
    request.addEventListener("loadend", () => resolve({ status: request.status, progress }));
    request.open("PUT", url);
    request.setRequestHeader("Content-Type", type);
    request.send(new Blob([new Uint8Array(size).fill(7)], { type }));
  });

describe("a page of another origin", () => {
  test("F1 puts a file with its type as the only header, and sees how far it is", async () => {
    using page = await servePage();
    const tab = await browser.newPage();
    await tab.goto(page.url);
    const ann = await createTestUser(gateway, gateway.a);
    const file: SampleFile = { filename: "voice.webm", mediaType: "audio/basic", bytes: Buffer.alloc(3_000_000, 7) };
    const { uploadId, uploadUrl } = (await presign(ann.client, file)).body;
    const put = await tab.evaluate(putInPage, { url: uploadUrl, type: file.mediaType, size: file.bytes.length });
    expect(put.status).toBe(200);
    expect(put.progress.at(-1)).toBe(file.bytes.length);
    expect((await ann.client.post(`/chat/uploads/${uploadId}/complete`, {})).status).toBe(200);
    await tab.close();
  });

  test("E08 shows a picture by its link, reads it, and gets nothing of it that could run", async () => {
    using page = await servePage();
    const tab = await browser.newPage();
    await tab.goto(page.url);
    const linkTo = async (file: SampleFile): Promise<string> =>
      (await gateway.a.api.get(`/chat/uploads/${await uploadFile(gateway.a.api, file)}/access`)).body.accessUrl;
    const [picture, drawing] = [await linkTo(png), await linkTo(svg)];
    const shown = (url: string) =>
      tab.evaluate(
        (address) =>
          new Promise<string>((resolve) => {
            const image = new Image();
            image.addEventListener("load", () => resolve(`${image.naturalWidth} px`));
            image.addEventListener("error", () => resolve("not shown"));
            image.src = address;
          }),
        url,
      );
    expect(await shown(picture)).toBe("1 px");
    const bytes = await tab.evaluate(async (url) => (await (await fetch(url)).arrayBuffer()).byteLength, picture);
    expect(bytes).toBe(png.bytes.length);
    expect(await shown(drawing)).toBe("not shown");
    // Opened by itself it is saved, not shown.
    const download = tab.waitForEvent("download");
    await tab.goto(drawing).catch(() => undefined);
    expect((await download).suggestedFilename()).toBe("drawing.svg");
    await tab.close();
  });
});
