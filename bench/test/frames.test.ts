import { expect, test } from "vitest";
import { clientTextFrame, createFrameReader } from "../driver/frames.ts";
import { readClientFrame, toServerFrame } from "../floors/ws-inside.ts";

const texts = ["", "a", "b".repeat(125), "c".repeat(126), "é✓"];
const long = "d".repeat(70_000);

const readInPieces = (sent: readonly string[], size: number): readonly string[] => {
  const read: string[] = [];
  const reader = createFrameReader((opcode, bytes, start, end) => {
    expect(opcode).toBe(1);
    read.push(bytes.toString("utf8", start, end));
  });
  const bytes = Buffer.concat(sent.map(toServerFrame));
  const piece = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) {
    // The same buffer each time, as the driver's sockets have it.
    const length = bytes.copy(piece, 0, at, at + size);
    reader.read(piece.subarray(0, length));
  }
  return read;
};

test.each([1, 2, 3, 7, 1000])("frames are read whole when they come in pieces of %i bytes", (size) => {
  expect(readInPieces(texts, size)).toEqual(texts);
});

test.each([1000, 65_536, 1_000_000])("a long frame too, in pieces of %i bytes", (size) => {
  expect(readInPieces(["before", long, "after"], size)).toEqual(["before", long, "after"]);
});

test("a masked frame, and one that is only part of a message, are refused", () => {
  const reader = createFrameReader(() => undefined);
  expect(() => reader.read(clientTextFrame("x"))).toThrow("unable to read a frame");
  expect(() => reader.read(Buffer.from([0x01, 0x00]))).toThrow("unable to read a frame");
});

test.each([...texts, long])("a server reads the frame that the driver writes", async (text) => {
  expect(await readClientFrame(clientTextFrame(text))).toBe(text);
});
