import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { BenchMessage } from "./message.ts";
import { toMessage } from "./message.ts";

/**
 * The sending half of a floor: takes the same request as the gateway, gives the message the next number of its room,
 * and hands it on. Checks nothing.
 */
export const createPostServer = (deliver: (message: BenchMessage) => void | Promise<void>): Server => {
  const seqs = new Map<string, number>();
  return createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (text: string) => (body += text));
    request.on("end", () => {
      const roomId = request.url?.split("/")[4] ?? "";
      const { senderId, parts } = JSON.parse(body) as Pick<BenchMessage, "senderId"> & { parts: never };
      const seq = (seqs.get(roomId) ?? 0) + 1;
      seqs.set(roomId, seq);
      const createdAt = new Date().toISOString();
      const message = toMessage({ id: randomUUID(), roomId, seq, senderId, parts, createdAt });
      const answer = (): void => {
        const text = JSON.stringify(message);
        response.writeHead(201, { "content-length": Buffer.byteLength(text) }).end(text);
      };
      const delivered = deliver(message);
      if (delivered) void delivered.then(answer);
      else answer();
    });
  });
};
