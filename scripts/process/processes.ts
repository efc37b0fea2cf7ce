import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { codeOf } from "./sentence.ts";

/** Is there a process with this id, whoever owns it? */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
};

/** The command line of a process, its arguments joined by blanks; empty if there is no such process. */
export const commandOf = async (pid: number): Promise<string> => {
  try {
    // Containers often have no `ps`.
    if (process.platform === "linux") {
      return (await readFile(`/proc/${pid}/cmdline`, "utf8")).replaceAll("\0", " ").trimEnd();
    }
    const { stdout } = await promisify(execFile)("ps", ["-ww", "-o", "command=", "-p", String(pid)]);
    return stdout.trimEnd();
  } catch {
    return "";
  }
};

/** When a process started, in a form that only serves to be compared; undefined if there is no such process. */
export const startTimeOf = async (pid: number): Promise<string | undefined> => {
  try {
    if (process.platform === "linux") {
      // The second field is the program's name in parentheses and may hold blanks; the time is field 22.
      const stat = await readFile(`/proc/${pid}/stat`, "utf8");
      return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    }
    const { stdout } = await promisify(execFile)("ps", ["-o", "lstart=", "-p", String(pid)]);
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
};

/** Sends a signal. Answers false if the process is gone already. */
export const sendSignal = (pid: number, signal: NodeJS.Signals): boolean => {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (codeOf(error) === "ESRCH") return false;
    throw error;
  }
};
