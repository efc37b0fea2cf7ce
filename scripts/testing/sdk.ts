import { inject } from "vitest";

/** Builds the SDK unless it is built and fresh; once, however many tests ask at the same time. */
export const ensureTestSdk = async (): Promise<void> => {
  const response = await fetch(new URL("/sdk", inject("testServerUrl")));
  if (!response.ok) throw new Error(await response.text());
};
