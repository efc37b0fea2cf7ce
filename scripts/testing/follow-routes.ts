import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { FastifyInstance } from "fastify";

/** A route that a server has, as it was asked for. */
export interface FollowedRoute {
  readonly method: string;
  readonly path: string;
}

/** Every route of every Fastify server that starts until this is disposed, whoever makes it: Fastify's own account. */
export interface FollowedRoutes extends Disposable {
  readonly routes: readonly FollowedRoute[];
}

export const followRoutes = (): FollowedRoutes => {
  const routes: FollowedRoute[] = [];
  const onServer = (message: unknown): void => {
    const { fastify } = message as { readonly fastify: FastifyInstance };
    fastify.addHook("onRoute", ({ method, url }) => {
      for (const one of [method].flat()) routes.push({ method: one, path: url });
    });
  };
  subscribe(channel, onServer);
  return { routes, [Symbol.dispose]: () => void unsubscribe(channel, onServer) };
};

const channel = "fastify.initialization";
