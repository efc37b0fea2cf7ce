import * as ws from "ws";

/** Parts of the `ws` package that its types leave out. */
const { Sender, Receiver } = ws as unknown as {
  readonly Sender: { frame(data: Buffer, options: Record<string, unknown>): readonly Buffer[] };
  readonly Receiver: new (options: { isServer: boolean }) => {
    on(event: "message", listener: (data: Buffer) => void): void;
    write(bytes: Buffer): void;
  };
};

/** The finished frame of a text, as `ws` writes it to a client. */
export const toServerFrame = (text: string): Buffer =>
  Buffer.concat(Sender.frame(Buffer.from(text), { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: true }));

/** Reads the first message out of what a client wrote. */
export const readClientFrame = (bytes: Buffer): Promise<string> => {
  const receiver = new Receiver({ isServer: true });
  const received = new Promise<string>((resolve) =>
    receiver.on("message", (data: Buffer) => resolve(data.toString("utf8"))),
  );
  receiver.write(bytes);
  return received;
};
