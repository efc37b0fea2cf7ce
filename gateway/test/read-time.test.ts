import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { limitReadTime } from "../src/http/read-time.ts";

/** A server that reads bodies to their end and answers some time later; those of PUT may take as long as they like. */
const serve = async (msMax: number, answerMs = 0) => {
  const server = createServer((incoming, response) => {
    incoming.on("error", () => undefined).resume();
    incoming.once("end", () => setTimeout(() => response.end("read"), answerMs));
  });
  limitReadTime(server, ({ method }) => method === "PUT", msMax);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

/** Sends half of a body, and answers what becomes of the request until it is ended. */
const sendHalf = (port: number, method: string) => {
  const call = request({ port, host: "127.0.0.1", method, agent: false, headers: { "content-length": 2 } });
  const outcome = new Promise<string>((resolve) => {
    call.once("response", (response) => resolve(String(response.statusCode)));
    call.once("error", () => resolve("cut"));
  });
  call.write("a");
  return { outcome, finish: () => call.end("b") };
};

test("H08 a request that does not come to its end in time is cut, a file is not", async () => {
  using server = await serve(50);
  const [slow, file] = [sendHalf(server.port, "POST"), sendHalf(server.port, "PUT")];
  expect(await slow.outcome).toBe("cut");
  file.finish();
  expect(await file.outcome).toBe("200");
});

test("H08 one that came in time is answered, however long that takes", async () => {
  using server = await serve(50, 200);
  const post = sendHalf(server.port, "POST");
  post.finish();
  expect(await post.outcome).toBe("200");
});
