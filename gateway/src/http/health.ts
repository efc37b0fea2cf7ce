import type { FastifyInstance } from "fastify";

/** What the gateway says of itself to those who run it. */
export interface Health {
  /** True while it takes new work: the database answers and no stop is under way. Answers soon, whatever happens. */
  isReady(): Promise<boolean>;
  /** True once a stop is under way. */
  isStopping(): boolean;
}

/** `/healthz` answers while the process works, `/readyz` while it should get traffic. Neither says why not. */
export const serveHealth = (server: FastifyInstance, health: Health): void => {
  server.get("/healthz", async () => ({ status: "ok" }));
  server.get("/readyz", async (_request, reply) => {
    const ready = await health.isReady();
    return reply.code(ready ? 200 : 503).send({ status: ready ? "ready" : "not ready" });
  });
};
