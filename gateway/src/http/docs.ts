import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import scalar from "@scalar/fastify-api-reference";
import type { FastifyInstance } from "fastify";

/** The contract for people (`/docs`) and for tools (`/openapi.json`, `/asyncapi.json`). Everything is served from here, nothing from a CDN. */
export const serveDocs = async (server: FastifyInstance): Promise<void> => {
  for (const name of ["openapi.json", "asyncapi.json"]) {
    const description = await readFile(fileURLToPath(import.meta.resolve(`@sendsar/protocol/${name}`)), "utf8");
    server.get(`/${name}`, async (_request, reply) => reply.type("application/json; charset=utf-8").send(description));
  }
  await server.register(scalar, {
    routePrefix: "/docs",
    configuration: {
      url: "/openapi.json",
      pageTitle: "Sendsar API reference",
      withDefaultFonts: false,
      // Nothing on the page talks to anybody but this gateway.
      telemetry: false,
      agent: { disabled: true },
      mcp: { disabled: true },
      showDeveloperTools: "never",
      hideClientButton: true,
    },
  });
};
