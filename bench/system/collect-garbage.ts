/**
 * Loaded into every server that is measured: SIGUSR2 collects its garbage, so that memory is what is in use and not
 * what has not been cleared away yet. It costs nothing until then.
 */
process.on("SIGUSR2", () => {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
});
