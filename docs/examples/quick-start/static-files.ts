import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

/** Answers a request for a path if a file is published there; says whether it did. */
export type StaticFiles = (path: string, response: ServerResponse) => Promise<boolean>;

/**
 * Publishes the demo page, the built SDK, and the source of the session route for people to read. Paths are looked up
 * in a table made at the start, so a path can only ever name a file of that table, whatever dots and slashes it holds.
 */
export const createStaticFiles = async (): Promise<StaticFiles> => {
  const files = new Map<string, URL>([
    ["/sdk/sendsar.mjs", new URL(import.meta.resolve("@sendsar/chat-sdk-javascript/dist/sendsar.mjs"))],
    ["/source/session-route.ts", new URL("session-route.ts", import.meta.url)],
  ]);
  for (const name of await readdir(publicFolder)) files.set(`/${name}`, new URL(name, publicFolder));
  for (const [alias, name] of aliases) files.set(alias, new URL(name, publicFolder));

  return async (path, response) => {
    const file = files.get(path);
    if (file === undefined) return false;
    const body = await readFile(file);
    response.setHeader("content-type", contentTypes[extname(fileURLToPath(file))] ?? "application/octet-stream");
    response.setHeader("cache-control", "no-cache");
    if (file.pathname.endsWith(".html")) allowInlineModules(body.toString(), response);
    response.end(body);
    return true;
  };
};

const publicFolder = new URL("public/", import.meta.url);

const aliases = [
  ["/", "index.html"],
  ["/favicon.ico", "favicon.svg"],
] as const;

const contentTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".ts": "text/plain; charset=utf-8",
};

/** `minimal.html` is one file, script included: that script is let through by its hash, so nothing injected can run. */
const allowInlineModules = (html: string, response: ServerResponse): void => {
  const scripts = html.replaceAll("\r\n", "\n").matchAll(/<script type="module">(.*?)<\/script>/gs);
  const hashes = Array.from(scripts, ([, script = ""]) => ` 'sha256-${sha256(script)}'`);
  const policy = String(response.getHeader("content-security-policy"));
  response.setHeader("content-security-policy", policy.replace("script-src 'self'", `$&${hashes.join("")}`));
};

const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64");
