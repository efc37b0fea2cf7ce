import type { IncomingMessage, ServerResponse } from "node:http";

export interface OpenWatch {
  /** Puts an ERROR event with this Status after the last whole event, and ends the stream. */
  fail(status: object): void;
}

const lineEnd = "\n".charCodeAt(0);

/** Hands the events of a watch on, so that one can be put between two of them. */
export const relayWatch = (answer: IncomingMessage, outgoing: ServerResponse): OpenWatch => {
  let atLineStart = true;
  let failure: string | undefined;
  const end = (): void => {
    answer.destroy();
    outgoing.end(failure);
  };
  answer.on("data", (chunk: Buffer) => {
    if (failure === undefined) {
      outgoing.write(chunk);
      atLineStart = chunk.at(-1) === lineEnd;
      return;
    }
    // The rest of the event that was half told when the failure came.
    const length = chunk.indexOf(lineEnd) + 1;
    outgoing.write(length === 0 ? chunk : chunk.subarray(0, length));
    if (length > 0) end();
  });
  answer.once("end", () => outgoing.end());
  return {
    fail(status) {
      failure = `${JSON.stringify({ type: "ERROR", object: status })}\n`;
      if (atLineStart) end();
    },
  };
};
