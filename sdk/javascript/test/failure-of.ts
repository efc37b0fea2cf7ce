import type { SendsarError } from "../src/errors.ts";

/** Resolves with what the promise rejects with; rejects when it does not. May be called before the failure is provoked. */
export const failureOf = (work: Promise<unknown>): Promise<SendsarError> =>
  work.then(
    () => Promise.reject(new Error("did not fail")),
    (error: unknown) => error as SendsarError,
  );
