import { banner } from "./start/banner.ts";
import { findHome } from "./start/home.ts";
import { readStartOptions, startHelp } from "./start/options.ts";
import { startStack } from "./start/stack.ts";
import type { Stack } from "./start/stack.ts";
import { Sentence, runMain } from "./process/sentence.ts";
import { stopSignal } from "./process/stop-signal.ts";

/** `npm start`: the whole chat platform on this machine, until Ctrl-C. */
const main = async (): Promise<number> => {
  const options = readStartOptions(process.argv.slice(2), process.env);
  if (options.help) {
    console.log(startHelp);
    return 0;
  }
  const home = findHome(process.env);
  const signal = stopSignal();
  let started: Stack;
  try {
    started = await startStack({ options, home, signal });
  } catch (error) {
    // Told to stop half-way: what it broke off with is no news.
    if (signal.aborted) return 0;
    throw error;
  }
  await using stack = started;
  console.log(banner(stack.dev, home));
  const failure = await Promise.race([stack.failed, untilAborted(signal)]);
  if (failure !== undefined) throw new Sentence(failure);
  console.log("Stopping ...");
  return 0;
};

const untilAborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });

await runMain(main);
