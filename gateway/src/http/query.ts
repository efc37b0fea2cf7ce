import { ChatError } from "../chat/chat-error.ts";

/**
 * Parses a query string of plain `name=value` pairs. A name given twice or with brackets is refused: every reader
 * would take something else from it. The router calls this where nothing catches an error, so the refusal,
 * `invalid_query`, is answered and not thrown; who reads the query throws it.
 */
export const parseQuery = (query: string): Record<string, string> | ChatError => {
  const values: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of new URLSearchParams(query)) {
    const refused = name in values || /[[\]]/.test(name) || `${name}${value}`.includes("\u0000");
    if (refused) return new ChatError("invalid_query");
    values[name] = value;
  }
  return values;
};
