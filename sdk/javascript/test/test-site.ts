import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Sendsar as SendsarEntry } from "../src/sendsar.ts";

/** A web site on loopback that serves pages and the built SDK. Its origin is no gateway's, as that of an app is none. */
export interface TestSite extends AsyncDisposable {
  readonly origin: string;
}

/** What its pages have on `window`. */
export interface PageGlobals {
  Sendsar: typeof SendsarEntry;
  chat: ReturnType<typeof SendsarEntry.init>;
  heard: string[];
}

/** The pages: one loads the classic script, one the module. */
const pages: Readonly<Record<string, string>> = {
  "/script.html": `<!doctype html><script src="/dist/sendsar.js"></script>`,
  "/module.html": `<!doctype html><script type="module">
    import * as everything from "/dist/sendsar.mjs";
    window.Sendsar = everything.Sendsar;
  </script>`,
};

/** Starts the site. The SDK must be built. */
export async function startTestSite(): Promise<TestSite> {
  const site = createServer((request, response) => {
    const path = request.url ?? "";
    if (pages[path] !== undefined) return response.setHeader("content-type", "text/html").end(pages[path]);
    const file = /^\/dist\/(sendsar\.m?js)$/.exec(path)?.[1];
    if (file === undefined) return response.writeHead(404).end();
    response.setHeader("content-type", "text/javascript");
    readFile(join(import.meta.dirname, "../dist", file)).then(
      (text) => response.end(text),
      (error: unknown) => response.destroy(error as Error),
    );
  });
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  return {
    origin: `http://127.0.0.1:${(site.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      site.closeAllConnections();
      site.close();
      await once(site, "close");
    },
  };
}
