import { commonErrors } from "@sendsar/protocol/endpoint";
import { type ErrorCode, errors } from "@sendsar/protocol/errors";
import { errorExample, errorsByStatus } from "./error-example.ts";
import { anchor, code, jsonBlock, page, table } from "./markdown.ts";
import { otherErrors } from "./prose.ts";
import { type Reference, createReference } from "./reference.ts";

/** The text of `docs/reference/errors.md`. */
export const generateErrorsPage = (): string => {
  const reference = createReference();
  const codes = [...errorsByStatus(Object.keys(errors) as ErrorCode[]).values()].flat();
  return page("Errors", [
    introduction,
    jsonBlock(errorExample("invalid_request")),
    table(
      ["Status", "Code", "Sentence", "Answered by"],
      codes.map((name) => [
        String(errors[name].status),
        code(name),
        errors[name].sentence,
        answeredBy(name, reference),
      ]),
    ),
  ]);
};

const introduction = [
  "Every answer that is not 2xx has one shape. Decide by `code`: it is stable. `error` and `message` hold the same sentence for a person, which may be reworded. `details` names the fields that do not fit and comes with `invalid_request` only. Quote `requestId` when you ask for help; every answer has it in the header `x-request-id` too.",
  "A 429, a 503 or an `idempotency_key_in_use` is worth trying again after as many seconds as the header `Retry-After` says. A repeat makes nothing twice if it carries the `externalId` (rooms) or the `clientMessageId` (messages) of the first try.",
].join("\n\n");

const answeredBy = (name: ErrorCode, { endpoints }: Reference): string => {
  const isCommon = (commonErrors as readonly ErrorCode[]).includes(name);
  if (isCommon) return "every endpoint";
  const links = endpoints
    .filter(({ endpoint }) => endpoint.errors.includes(name))
    .map(({ endpoint }) => `[${code(`${endpoint.method} ${endpoint.path}`)}](rest.md${anchor(endpoint.summary)})`);
  if (links.length === endpoints.length) return "every endpoint";
  return links.join(", ") || (otherErrors[name] ?? unknownOrigin(name));
};

const unknownOrigin = (name: ErrorCode): never => {
  throw new Error(`unable to document ${name}; no endpoint answers it: say in otherErrors what does`);
};
