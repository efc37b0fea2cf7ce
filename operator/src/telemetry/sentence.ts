/** The sentences of an error and of what lies below it. */
export const sentenceOf = (error: unknown): string => {
  if (error instanceof AggregateError) return error.errors.map(sentenceOf).join("; ");
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}; ${sentenceOf(error.cause)}`;
};
