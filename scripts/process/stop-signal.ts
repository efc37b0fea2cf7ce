/**
 * Aborts when this process is told to stop: Ctrl-C, SIGTERM, a closed terminal, or the end of the process that started
 * it. May come twice, from the terminal and through a parent; only the first counts.
 */
export const stopSignal = (): AbortSignal => {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  for (const event of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(event, stop);
  if (process.connected) process.once("disconnect", stop);
  // When the terminal is closed, what we print fails; stopping in order matters more.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", stop);
  return controller.signal;
};
