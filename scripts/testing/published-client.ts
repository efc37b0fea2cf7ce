import { once } from "node:events";
import type { TestSocket, Wire } from "./client.ts";
import { openTestSocket } from "./client.ts";

/**
 * Talks to a gateway as the published clients do and expects what they expect (contract §§1.1-1.3 and 5.1). Where they
 * would stumble, it does.
 */
export interface PublishedClient extends Disposable {
  readonly userId: string;
  /** Its socket, which comes back by itself after a drop, and then joins no room. */
  readonly socket: TestSocket;
  /**
   * Calls and reads the answer as JSON. Throws the sentence that the clients show when it is refused, and a SyntaxError
   * when it succeeded without a JSON body.
   */
  call(method: string, path: string, body?: unknown): Promise<Wire>;
  /** The same for the two calls whose answer the clients do not read: aborting an upload, unregistering a device. */
  callBlindly(method: string, path: string): Promise<void>;
}

/** The JSON content type goes with every call, those without a body included. */
export const publishedHeaders = (token: string): Readonly<Record<string, string>> => ({
  "Content-Type": "application/json",
  Authorization: `Bearer ${token}`,
});

/** Connects to where `apiUrl`, which ends in `/v1`, lives. Throws the message of a refusal. */
export const connectPublishedClient = async (
  apiUrl: string,
  { token, userId }: { readonly token: string; readonly userId: string },
): Promise<PublishedClient> => {
  const socket = openTestSocket(new URL(apiUrl).origin, token, { reconnection: true, reconnectionDelay: 50 });
  try {
    await Promise.race([
      once(socket.socket as never, "connect"),
      once(socket.socket as never, "connect_error").then(([error]) => {
        throw error;
      }),
    ]);
  } catch (error) {
    socket[Symbol.dispose]();
    throw error;
  }
  const request = async (method: string, path: string, body?: unknown): Promise<Response> => {
    const response = await fetch(`${apiUrl}${path}`, {
      method,
      headers: publishedHeaders(token),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`Sendsar ${path} failed: ${response.status}: ${await readRefusal(response)}`);
    return response;
  };
  return {
    userId,
    socket,
    call: async (method, path, body) => await (await request(method, path, body)).json(),
    callBlindly: async (method, path) => void (await (await request(method, path)).arrayBuffer()),
    [Symbol.dispose]: () => socket[Symbol.dispose](),
  };
};

const readRefusal = async (response: Response): Promise<string> => {
  const text = await response.text();
  const { error, message } = JSON.parse(text) as { error?: string; message?: string };
  return error ?? message ?? text;
};
