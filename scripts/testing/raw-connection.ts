import { once } from "node:events";
import { connect } from "node:net";

/** A TCP connection to a gateway on which a test writes whatever it likes. */
export interface RawConnection extends Disposable {
  /** Resolves once the gateway, or the test, has closed it. */
  readonly closed: Promise<void>;
  /** All that came so far. */
  readonly received: () => string;
  write(bytes: string | Buffer): void;
}

/** Opens it; with `read: false` nothing that comes is ever read. */
export const openRawConnection = async (
  url: string,
  { read = true }: { readonly read?: boolean } = {},
): Promise<RawConnection> => {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  await once(socket, "connect");
  // What the gateway cuts is cut on purpose.
  socket.on("error", () => undefined);
  // Not by `once` of node:events: an error before it would reject.
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  let text = "";
  if (read) socket.on("data", (bytes: Buffer) => (text += bytes.toString("latin1")));
  return {
    closed,
    received: () => text,
    write: (bytes) => void socket.write(bytes),
    [Symbol.dispose]: () => void socket.destroy(),
  };
};
