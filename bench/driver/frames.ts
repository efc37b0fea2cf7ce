/**
 * Reads the WebSocket frames that a server sends (RFC 6455, unmasked) out of a stream of bytes. A message in several
 * frames is refused: no subject of the benchmark sends one, and a driver that guesses measures nothing.
 *
 * `onFrame` gets the bytes of the payload as a range of a buffer that is used again after it returns.
 */
export interface FrameReader {
  read(chunk: Buffer): void;
}

export type OnFrame = (opcode: number, bytes: Buffer, start: number, end: number) => void;

export const createFrameReader = (onFrame: OnFrame): FrameReader => {
  /** The beginning of a frame whose end has not come yet. */
  let rest: Buffer | undefined;
  return {
    read(chunk) {
      const bytes = rest ? Buffer.concat([rest, chunk]) : chunk;
      let at = 0;
      for (;;) {
        const header = readHeader(bytes, at);
        if (!header || header.end > bytes.length) break;
        onFrame(header.opcode, bytes, header.start, header.end);
        at = header.end;
      }
      // The chunk may be a buffer that the next read overwrites.
      rest = at < bytes.length ? Buffer.from(bytes.subarray(at)) : undefined;
    },
  };
};

/** One text frame of a client: final, masked with zeros, which is a valid mask and costs the driver nothing. */
export const clientTextFrame = (text: string): Buffer => {
  const bytes = Buffer.byteLength(text);
  const headBytes = bytes < 126 ? 6 : bytes < 65_536 ? 8 : 14;
  const frame = Buffer.alloc(headBytes + bytes);
  frame[0] = 0x81;
  if (headBytes === 6) frame[1] = 0x80 | bytes;
  else if (headBytes === 8) {
    frame[1] = 0xfe;
    frame.writeUInt16BE(bytes, 2);
  } else {
    frame[1] = 0xff;
    frame.writeBigUInt64BE(BigInt(bytes), 2);
  }
  frame.write(text, headBytes);
  return frame;
};

interface Header {
  readonly opcode: number;
  readonly start: number;
  readonly end: number;
}

const readHeader = (bytes: Buffer, at: number): Header | undefined => {
  if (bytes.length - at < 2) return undefined;
  const first = bytes[at] ?? 0;
  const length = bytes[at + 1] ?? 0;
  if ((first & 0x80) === 0 || (length & 0x80) !== 0) {
    throw new Error("unable to read a frame; it is masked, or not the whole of its message");
  }
  const opcode = first & 0x0f;
  if (length < 126) return { opcode, start: at + 2, end: at + 2 + length };
  if (length === 126) {
    if (bytes.length - at < 4) return undefined;
    return { opcode, start: at + 4, end: at + 4 + bytes.readUInt16BE(at + 2) };
  }
  if (bytes.length - at < 10) return undefined;
  return { opcode, start: at + 10, end: at + 10 + Number(bytes.readBigUInt64BE(at + 2)) };
};
