import type { Endpoint } from "@sendsar/protocol/endpoint";
import { Message } from "@sendsar/protocol/objects/message";
import * as z from "zod";
import { withFileLinks } from "../chat/files.ts";
import type { FileLinks } from "../files/links.ts";

/** Puts links to the files of messages into an answer. */
export type AnswerLinker = (tenantId: string, body: unknown) => unknown;

/** For the answers of one endpoint. What has messages is told by the contract, once; other answers are left as they are. */
export const createAnswerLinker = (
  { response }: Pick<Endpoint, "response">,
  links: FileLinks | undefined,
): AnswerLinker => {
  const isMessage = response === Message;
  const hasMessages = response instanceof z.ZodObject && "messages" in response.shape;
  if (!links || !(isMessage || hasMessages)) return (_tenantId, body) => body;
  if (isMessage) return (tenantId, body) => withFileLinks(links, tenantId, body as Message);
  return (tenantId, body) => {
    const { messages } = body as { readonly messages: readonly Message[] };
    return { ...(body as object), messages: messages.map((message) => withFileLinks(links, tenantId, message)) };
  };
};
