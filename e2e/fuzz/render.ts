import type { PacketRun } from "./packets/fuzz-packets.ts";
import type { RestRun } from "./rest/fuzz-rest.ts";

/** The figures of a run of requests, and what was wrong, for a terminal. */
export const renderRestRun = ({
  requests,
  seconds,
  byStatus,
  byCode,
  succeeded,
  neverSucceeded,
  findings,
}: RestRun): string => {
  const statuses = [...byStatus].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  const codes = [...byCode].toSorted(([, a], [, b]) => b - a).map(([code, count]) => `${code}: ${count}`);
  return [
    `${requests} requests in ${seconds.toFixed(0)} s; ${statuses.join(", ")}`,
    codes.join(", "),
    `operations that succeeded: ${succeeded.size}${neverSucceeded.length > 0 ? `; never: ${neverSucceeded.join(", ")}` : ""}`,
    `kinds of wrong answers: ${findings.length}`,
    ...findings.map(
      ({ operation, problem, times, curl, answer }) =>
        `\n${operation}: ${problem} (${times} times)\n  ${curl.slice(0, curlCharsMax)}\n  ${answer}`,
    ),
  ].join("\n");
};

/** A request that is larger cannot be pasted any more. */
const curlCharsMax = 6000;

/** The figures of a run of packets, and what was wrong. */
export const renderPacketRun = ({ packets, seconds, sockets, closed, grownBytes, findings }: PacketRun): string => {
  const held = `${(grownBytes / 1e6).toFixed(1)} MB more held than when warm`;
  return [
    `${packets} packets over ${sockets} sockets in ${seconds.toFixed(0)} s; ${closed} closed theirs; ${held}`,
    `wrong answers: ${findings.length}`,
    ...findings.map(({ problem, frames }) => `\n${problem}\n  ${frames.join(" ").slice(0, frameCharsMax)}`),
  ].join("\n");
};

const frameCharsMax = 2000;
