/**
 * Loaded into gateways that tests start: at SIGUSR2 they collect their garbage and tell the parent what they hold then.
 * The resident size would not do: it has what is not cleared away yet, and what the allocator keeps for later.
 */
process.on("SIGUSR2", () => {
  const { gc } = globalThis as { gc?: () => void };
  // Twice, because what the first finds may be let go of by the second only.
  gc?.();
  gc?.();
  const { heapUsed, external } = process.memoryUsage();
  process.send?.({ heldBytes: heapUsed + external });
});
