import { once } from "node:events";
import { type AddressInfo, type Socket, connect, createServer } from "node:net";

/**
 * The line between a client and gateways, on loopback: forwards every connection to the gateway that it leads to at that
 * moment, and fails as the lines of clients do, in one direction too.
 */
export interface LossyLine extends AsyncDisposable {
  /** REST base for the client. */
  readonly apiUrl: string;
  /** Forwards new connections to this gateway. Those that are open stay where they are. */
  leadTo(url: string): void;
  /** Ends every connection without a word. */
  cut(): void;
  /** While true, new connections end at once. */
  isOffline: boolean;
  /** While true, what a gateway says is lost; what the client says still arrives. */
  losesAnswers: boolean;
}

/** Starts a line that leads to the gateway at `url`. */
export async function startLossyLine(url: string): Promise<LossyLine> {
  let target = new URL(url);
  const open = new Set<Socket>();
  const server = createServer((client) => {
    if (line.isOffline) return void client.destroy();
    const gateway = connect(Number(target.port), target.hostname);
    const end = (): void => {
      open.delete(client);
      client.destroy();
      gateway.destroy();
    };
    open.add(client);
    client.on("data", (bytes) => void gateway.write(bytes));
    gateway.on("data", (bytes) => void (line.losesAnswers || client.write(bytes)));
    for (const side of [client, gateway]) side.setNoDelay(true).on("error", end).on("close", end);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const line: LossyLine = {
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    leadTo: (next) => {
      target = new URL(next);
    },
    cut: () => {
      for (const client of open) client.destroy();
    },
    isOffline: false,
    losesAnswers: false,
    async [Symbol.asyncDispose]() {
      line.isOffline = true;
      line.cut();
      server.close();
      await once(server, "close");
    },
  };
  return line;
}
