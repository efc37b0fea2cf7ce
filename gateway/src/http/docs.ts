import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import scalar from "@scalar/fastify-api-reference";
import type { FastifyInstance } from "fastify";

const openApiPath = fileURLToPath(import.meta.resolve("@sendsar/protocol/openapi.json"));

/** The contract for people (`/docs`) and for tools (`/openapi.json`). Everything is served from here, nothing from a CDN. */
export const serveDocs = async (server: FastifyInstance): Promise<void> => {
  const openApi = await readFile(openApiPath, "utf8");
  server.get("/openapi.json", async (_request, reply) => reply.type("application/json; charset=utf-8").send(openApi));
  await server.register(scalar, {
    routePrefix: "/docs",
    configuration: { url: "/openapi.json", pageTitle: "Sendsar API reference", withDefaultFonts: false },
  });
};
