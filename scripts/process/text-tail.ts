import { open } from "node:fs/promises";

const tailBytes = 8192;

/** The last lines of a text file that are not empty, oldest first. */
export const lastLines = async (path: string, count: number, fromByte = 0): Promise<readonly string[]> => {
  await using file = await open(path);
  const { size } = await file.stat();
  const start = Math.max(fromByte, size - tailBytes);
  const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(Math.max(0, size - start)), position: start });
  const lines = buffer.toString("utf8", 0, bytesRead).split("\n");
  return lines.filter((line) => line.trim() !== "").slice(-count);
};
