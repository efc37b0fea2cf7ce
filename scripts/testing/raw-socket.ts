/** An Engine.IO connection over a WebSocket without a client library: packets go out exactly as a test writes them. */
export interface RawSocket extends Disposable {
  /** Text packets so far. */
  readonly received: readonly string[];
  /** Resolves once the connection is closed, by whom ever. */
  readonly closed: Promise<void>;
  send(packet: string | Uint8Array<ArrayBuffer>): void;
  /** Answers with the first text packet that fits, received already or yet to come. */
  next(fits: (packet: string) => boolean): Promise<string>;
}

/** Opens the engine and enters no namespace. */
export const openRawSocket = async (url: string): Promise<RawSocket> => {
  const webSocket = new WebSocket(`${url.replace("http", "ws")}/socket.io/?EIO=4&transport=websocket`);
  webSocket.binaryType = "arraybuffer";
  const received: string[] = [];
  const looks = new Set<() => void>();
  const closed = Promise.withResolvers<void>();
  const lookAgain = (): void => {
    for (const look of [...looks]) look();
  };
  webSocket.addEventListener("message", ({ data }) => {
    if (typeof data === "string") received.push(data);
    lookAgain();
  });
  webSocket.addEventListener("close", () => {
    closed.resolve();
    lookAgain();
  });
  const socket: RawSocket = {
    received,
    closed: closed.promise,
    send: (packet) => webSocket.send(packet),
    next: (fits) =>
      new Promise((resolve, reject) => {
        const end = (act: () => void): void => {
          looks.delete(look);
          clearTimeout(timeout);
          act();
        };
        const fail = (why: string): void =>
          end(() => reject(new Error(`${why}; received ${JSON.stringify(received).slice(0, 2000)}`)));
        const timeout = setTimeout(() => fail("no fitting packet within 5 s"), 5000);
        const look = (): void => {
          const found = received.find(fits);
          if (found !== undefined) end(() => resolve(found));
          else if (webSocket.readyState === WebSocket.CLOSED) fail("closed before a fitting packet came");
        };
        looks.add(look);
        look();
      }),
    [Symbol.dispose]: () => webSocket.close(),
  };
  await socket.next((packet) => packet.startsWith("0{"));
  return socket;
};

/** Opens the engine, enters the namespace with a session token and waits until the socket is served. */
export const connectRawSocket = async (url: string, token: string): Promise<RawSocket> => {
  const socket = await openRawSocket(url);
  socket.send(`40${JSON.stringify({ token })}`);
  await socket.next((packet) => packet.startsWith(`42["tenant-presence-snapshot"`));
  return socket;
};
