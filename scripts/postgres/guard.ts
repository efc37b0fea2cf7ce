import { spawn } from "node:child_process";
import { once } from "node:events";

/** Stops a Postgres when this process ends without having done so. */
export interface Guard {
  /** Ends the guard and leaves Postgres alone. */
  dismiss(): Promise<void>;
}

// The pipe on its standard input closes when we end, however we end; `read` then fails.
const script = `read -r _ && exit 0
kill -INT "$1" || exit 0
while kill -0 "$1" 2>/dev/null; do sleep 0.1; done
[ -z "$2" ] || rm -rf "$2"`;

/**
 * Watches over a Postgres from a process of its own, because Postgres runs apart from the terminal and would outlive a
 * `kill -9` of this process. `removeAfter` names a folder of throw-away data to remove then.
 */
export const guardPostgres = (pid: number, removeAfter?: string): Guard => {
  const shell = spawn("/bin/sh", ["-c", script, "sh", String(pid), removeAfter ?? ""], {
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
