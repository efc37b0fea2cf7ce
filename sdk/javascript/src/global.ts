/** What the classic script puts into the global `Sendsar`: `Sendsar.init` itself, not `Sendsar.Sendsar.init`. */
import { Sendsar } from "./sendsar.ts";

/** See `Sendsar.init`. */
export const init = Sendsar.init;

export * from "./sendsar.ts";
