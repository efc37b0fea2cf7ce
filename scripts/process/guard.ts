import { spawn } from "node:child_process";
import { once } from "node:events";

/** Stops a process when this one ends without having done so. */
export interface Guard {
  /** Ends the guard and leaves the process alone. */
  dismiss(): Promise<void>;
}

export interface GuardOptions {
  /** What it is stopped with, as `kill` calls it. */
  readonly signal: "INT" | "KILL";
  /** A folder of throw-away data to remove when it has ended. */
  readonly removeAfter?: string;
}

// The pipe on its standard input closes when we end, however we end; `read` then fails.
const script = `read -r _ && exit 0
kill -"$3" "$1" || exit 0
while kill -0 "$1" 2>/dev/null; do sleep 0.1; done
[ -z "$2" ] || rm -rf "$2"`;

/**
 * Watches over a server from a process of its own, because the servers that we start run apart from the terminal and would
 * outlive a `kill -9` of this process.
 */
export const guardProcess = (pid: number, { signal, removeAfter = "" }: GuardOptions): Guard => {
  const shell = spawn("/bin/sh", ["-c", script, "sh", String(pid), removeAfter, signal], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const closed = once(shell, "close").catch(() => undefined);
  shell.unref();
  // It may have been killed before us.
  shell.stdin.on("error", () => undefined);
  return {
    async dismiss() {
      shell.ref();
      shell.stdin.end("\n");
      await closed;
    },
  };
};
