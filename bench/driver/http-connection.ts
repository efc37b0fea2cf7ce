import { connect } from "node:net";
import type { Socket } from "node:net";

/** What a server answered. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * One keep-alive connection for one request at a time, as thin as it can be: the driver shares the machine with what
 * it measures. Reads answers that have a `content-length`, which is all that the subjects send.
 */
export interface HttpConnection {
  /** Rejects when the connection breaks before the answer is complete; it is of no use afterwards. */
  post(path: string, headers: string, body: string): Promise<HttpAnswer>;
  close(): void;
}

/** Opens it when the first request is made. `url` is an origin. */
export const createHttpConnection = (url: string): HttpConnection => {
  const { hostname, port, host } = new URL(url);
  let socket: Socket | undefined;
  let waiting: PromiseWithResolvers<HttpAnswer> | undefined;
  let received = "";

  const fail = (error: Error): void => {
    socket?.destroy();
    socket = undefined;
    received = "";
    waiting?.reject(error);
    waiting = undefined;
  };
  const open = (): Socket => {
    const fresh = connect({ host: hostname, port: Number(port), noDelay: true });
    fresh.setEncoding("latin1");
    fresh.on("data", (text: string) => {
      received += text;
      const answer = readAnswer(received);
      if (!answer) return;
      received = "";
      waiting?.resolve(answer);
      waiting = undefined;
    });
    fresh.on("error", fail);
    fresh.on("close", () => {
      if (socket === fresh) fail(new Error("unable to post; the connection was closed"));
    });
    return fresh;
  };

  return {
    post(path, headers, body) {
      if (waiting) throw new Error("unable to post; a request is under way");
      socket ??= open();
      waiting = Promise.withResolvers<HttpAnswer>();
      socket.write(
        `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
      return waiting.promise;
    },
    close() {
      const open = socket;
      socket = undefined;
      open?.destroy();
    },
  };
};

/** The whole of an answer, or undefined while its end has not come. */
const readAnswer = (text: string): HttpAnswer | undefined => {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const status = Number(head.slice(9, 12));
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN);
  if (!Number.isInteger(length)) throw new Error("unable to read an answer; it has no content-length");
  const body = text.slice(end + 4);
  // Subjects answer ASCII only, so that bytes are characters.
  return body.length < length ? undefined : { status, body };
};
