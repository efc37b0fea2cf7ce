import { ChatError } from "../chat/chat-error.ts";

/**
 * Parses a query string of plain `name=value` pairs. A name given twice or with brackets is refused: every reader
 * would take something else from it. Throws `invalid_query`.
 */
export const parseQuery = (query: string): Record<string, string> => {
  const values: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of new URLSearchParams(query)) {
    if (name in values || /[[\]]/.test(name) || `${name}${value}`.includes("\u0000")) throw new ChatError("invalid_query");
    values[name] = value;
  }
  return values;
};
