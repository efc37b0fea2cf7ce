import { readFileSync, readdirSync } from "node:fs";

/**
 * CPU time that processes have used, in microseconds, from /proc: in nanoseconds by the scheduler, over all threads. It
 * is what `getrusage` answers inside the process, and needs nothing of it.
 */
export const cpuMicrosOf = (pid: number): number => {
  let nanoseconds = 0;
  for (const thread of list(`/proc/${pid}/task`)) {
    nanoseconds += Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(" ")[0]);
  }
  return nanoseconds / 1000;
};

/**
 * The same for a process, its children that live, and those that have ended (these in steps of the clock tick). For
 * Postgres, whose connections are processes.
 */
export const cpuMicrosOfTree = (pid: number): number =>
  [pid, ...childrenOf(pid)].reduce((sum, one) => sum + cpuMicrosOf(one), 0) + endedChildrenMicros(pid);

/** Resident memory of a process, in KiB. */
export const residentKibOf = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0);

/** What the whole machine has worked, in microseconds, what the hypervisor took away included. */
export const machineBusyMicros = (): number => {
  const [, user, nice, system, , , irq, softirq, steal] = (read("/proc/stat").split("\n")[0] ?? "").split(/\s+/);
  return [user, nice, system, irq, softirq, steal].reduce((sum, ticks) => sum + Number(ticks), 0) * microsPerTick;
};

/** The number of processes that wanted to run, on average of the last minute. */
export const loadAverage = (): number => Number(read("/proc/loadavg").split(" ")[0]);

/** Linux tells user space of hundredths of a second, whatever it counts in itself. */
const microsPerTick = 10_000;

const childrenOf = (pid: number): readonly number[] =>
  read(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);

const endedChildrenMicros = (pid: number): number => {
  const stat = read(`/proc/${pid}/stat`);
  // After the name in parentheses, which may hold blanks: fields 16 and 17 of the manual.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13] ?? 0) + Number(fields[14] ?? 0)) * microsPerTick;
};

/** A process may end between the look at the list and the look at it. */
const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

const list = (path: string): readonly string[] => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};
