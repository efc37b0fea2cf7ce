import type { WireRequest } from "./bind.ts";

/** A command line that sends a request again. */
export const toCurl = (url: string, wire: WireRequest): string =>
  wire.times === 1 ? callOnce(url, wire) : `for n in $(seq ${wire.times}); do (${callOnce(url, wire)}) & done; wait`;

const callOnce = (url: string, { method, path, headers, body, isChunked }: WireRequest): string => {
  const lines = [...headers, ...(isChunked ? [["transfer-encoding", "chunked"] as const] : [])];
  const parts = [
    `curl -sS -i -g --path-as-is -X ${method} ${quote(`${url}${path}`)}`,
    // A header without a value is written with a semicolon.
    ...lines.map(([name, value]) => `-H ${quote(value === "" ? `${name};` : `${name}: ${value}`)}`),
  ];
  if (body === undefined) return parts.join(" ");
  const text = Buffer.from(body).toString("utf8");
  // What a shell or a terminal would change goes in another spelling.
  if (/^[\u0020-\u007e]*$/.test(text)) return [...parts, `--data-binary ${quote(text)}`].join(" ");
  return `echo ${Buffer.from(body).toString("base64")} | base64 -d | ${[...parts, "--data-binary @-"].join(" ")}`;
};

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
