import { mkdtemp, chmod, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Driver } from "../driver/driver.ts";
import { startDriver } from "../driver/driver.ts";
import { cpuMicrosOf } from "../measure/cpu.ts";
import { cores } from "../measure/pin.ts";
import type { NodeChild } from "./child.ts";
import { startNodeChild } from "./child.ts";
import type { BenchPostgres } from "./postgres.ts";
import { startBenchPostgres } from "./postgres.ts";
import { compileSlowDisk } from "./slow-disk.ts";

/** A server that is measured. */
export interface Server extends AsyncDisposable {
  /** Origin. */
  readonly url: string;
  readonly pid: number;
  cpuMicros(): number;
  kill(signal: NodeJS.Signals): void;
  /** The process itself, for those that are told what to do over its channel. */
  readonly child: NodeChild;
}

export interface ServerOptions {
  /** Path from the root of the project. */
  readonly script: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** The processes of one workload: what is measured, what measures, and their database. */
export interface Lab extends AsyncDisposable {
  readonly driver: Driver;
  /** The Postgres of this workload; started by the first call. */
  postgres(): Promise<BenchPostgres>;
  /** Why there is no slow disk, in a lab that was asked for one. */
  readonly slowDiskMissing: string | undefined;
  startServer(options: ServerOptions): Promise<Server>;
  /** CPU of all that belongs to the benchmark, this process included. */
  ownMicros(): number;
}

/** Opens a lab. `slowDisk` makes the disk of its Postgres slow. */
export const openLab = async ({ slowDisk = false } = {}): Promise<Lab> => {
  await using parts = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "sendsar-bench-"));
  parts.defer(() => rm(dir, { recursive: true, force: true }));
  await chmod(dir, 0o755);
  const disk = slowDisk ? await compileSlowDisk(dir) : undefined;
  const driver = parts.use(startDriver(join(dir, "driver.log")));
  const pids = [driver.pid];
  /** Of servers that are gone: the system tells what a process has used only while it is there. */
  let goneMicros = 0;
  let postgres: BenchPostgres | undefined;
  const startPostgres = async (): Promise<BenchPostgres> => {
    postgres = await startBenchPostgres(disk && "library" in disk ? disk : {});
    running.use(postgres);
    return postgres;
  };
  let starting: Promise<BenchPostgres> | undefined;
  const running = parts.move();
  return {
    driver,
    postgres: () => (starting ??= startPostgres()),
    slowDiskMissing: disk && "missing" in disk ? disk.missing : undefined,
    async startServer({ script, env = {} }) {
      const logFile = join(dir, `${pids.length}.log`);
      const nodeArgs = ["--expose-gc", "--import", new URL("collect-garbage.ts", import.meta.url).href];
      const child = startNodeChild({ script, core: cores.subject, env, nodeArgs, logFile });
      running.use(child);
      pids.push(child.pid);
      const { port } = (await child.ready) as { port?: number };
      return {
        url: `http://127.0.0.1:${port ?? 0}`,
        pid: child.pid,
        child,
        cpuMicros: () => cpuMicrosOf(child.pid),
        kill(signal) {
          if (signal === "SIGKILL") goneMicros += cpuMicrosOf(child.pid);
          child.kill(signal);
        },
        async [Symbol.asyncDispose]() {
          goneMicros += cpuMicrosOf(child.pid);
          await child[Symbol.asyncDispose]();
        },
      };
    },
    ownMicros: () =>
      pids.reduce((sum, pid) => sum + cpuMicrosOf(pid), cpuMicrosOf(process.pid)) +
      goneMicros +
      (postgres?.cpuMicros() ?? 0),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
};
