import type { IncomingMessage, Server } from "node:http";

/** Milliseconds in which a whole request must have come, but one that brings a file. */
export const requestReadMsMax = 30_000;

/**
 * Cuts requests that take longer to come than `requestReadMsMax`, for a server whose own limit must let files through.
 * Call it last, so that it sees the requests of every other listener.
 */
export const limitReadTime = (
  server: Server,
  mayTakeLonger: (request: IncomingMessage) => boolean,
  msMax = requestReadMsMax,
): void => {
  server.prependListener("request", (request: IncomingMessage) => {
    if (mayTakeLonger(request)) return;
    const timer = setTimeout(() => request.complete || request.destroy(), msMax);
    timer.unref();
    const stop = (): void => clearTimeout(timer);
    request.once("end", stop).once("close", stop);
  });
};
