import type { IncomingMessage } from "node:http";
import fastifySend from "@fastify/send";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ChatDeps } from "../chat/deps.ts";
import type { ServedFile } from "../chat/served-files.ts";
import { openLink, receiveFile } from "../chat/served-files.ts";
import { FileStoreError } from "../files/file-store.ts";
import { filesPath } from "../files/links.ts";

/** The path at which clients put the bytes of a file, where the gateway keeps them. */
const putFilePath = `${filesPath}/:token`;

/** Whether a request brings a file. */
export const isFilePut = ({ method, url = "" }: IncomingMessage): boolean =>
  method === "PUT" && url.startsWith(`${filesPath}/`);

/**
 * Links to files, which need no credential: `GET /files/<link>/<name>`. And where files are in a folder, `PUT` of the
 * bytes of one. A browser is told to show only what can do nothing, and to run nothing whatever it is.
 */
export const serveFiles = async (server: FastifyInstance, deps: ChatDeps): Promise<void> => {
  if (!deps.files) return;
  server.route<{ Params: { token: string } }>({
    method: ["GET", "HEAD"],
    url: `${filesPath}/:token/:name`,
    handler: async (request, reply) => {
      const file = await openLink(deps, request.params.token, request.method === "HEAD" ? "HEAD" : "GET");
      reply.headers(safeHeaders).header("cache-control", `private, max-age=${file.cacheSeconds}`);
      if (file.served.kind === "elsewhere") return reply.redirect(file.served.url, 302);
      return await sendFile(request, reply, file, file.served);
    },
  });
  if (!deps.files.store.receiver) return;
  await server.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // Read by the handler, as it comes.
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
    scope.put<{ Params: { token: string } }>(putFilePath, async (request, reply) => {
      await takeFile(deps, request, reply, request.params.token);
      return reply.code(200).send();
    });
  });
};

const safeHeaders = {
  "content-security-policy": "sandbox; default-src 'none'",
  // Pages of other origins show what they have a link to.
  "cross-origin-resource-policy": "cross-origin",
  "referrer-policy": "no-referrer",
};

const sendFile = async (
  request: FastifyRequest,
  reply: FastifyReply,
  { contentType, contentDisposition }: ServedFile,
  { dir, path }: { readonly dir: string; readonly path: string },
): Promise<FastifyReply> => {
  const sent = await fastifySend(request.raw, path, {
    root: dir,
    contentType: false,
    cacheControl: false,
    index: false,
    dotfiles: "deny",
  });
  const { statusCode, headers, stream } = sent;
  if (statusCode === 404 || statusCode >= 500)
    throw new FileStoreError("unable to read a file; it is not in the folder");
  reply.code(statusCode);
  if (sent.type !== "file") {
    stream.destroy();
    // A range that the file does not have, or a condition that does not hold.
    const range = headers["Content-Range"];
    return (range === undefined ? reply : reply.header("content-range", range)).send();
  }
  reply.headers(headers).header("content-disposition", contentDisposition);
  if (statusCode !== 304) reply.header("content-type", contentType);
  return reply.send(stream);
};

/** Milliseconds of silence after which a body is given up. */
const silentMsMax = 60_000;

const takeFile = async (deps: ChatDeps, request: FastifyRequest, reply: FastifyReply, token: string): Promise<void> => {
  const { raw } = request;
  const contentLength = raw.headers["content-length"];
  raw.setTimeout(silentMsMax, () => raw.destroy());
  try {
    await receiveFile(deps, token, {
      contentType: raw.headers["content-type"],
      contentLength: contentLength === undefined ? undefined : Number(contentLength),
      // What is refused is answered: the connection must outlive the reading.
      body: raw.iterator({ destroyOnReturn: false }),
    });
  } catch (error) {
    // What was not read of the body is not read any more.
    reply.header("connection", "close");
    throw error;
  } finally {
    raw.setTimeout(0);
  }
};
