import type { WireMessage } from "./payload.ts";
import type { Rest } from "./rest.ts";

/** Somebody who can send to some rooms in a user's name. */
export interface Sender {
  readonly tenant: string;
  readonly user: string;
  readonly rooms: readonly string[];
  /** Tries once. */
  send(room: string, sendId: string, parts: readonly object[]): Promise<Attempt>;
}

/** `unclear`: whether it was stored is not known; the same `sendId` finds out. `label` is for counting. */
export type Attempt =
  | { readonly kind: "ok"; readonly id: string; readonly seq: number; readonly label: string }
  | { readonly kind: "refused" | "unclear"; readonly label: string };

/** A tenant's backend that sends for a user with its API key, or the user's own app with a session token. */
export const createRestSender = (
  { tenant, user, rooms }: Pick<Sender, "tenant" | "user" | "rooms">,
  rest: Rest,
  credential: "key" | "token",
): Sender => ({
  tenant,
  user,
  rooms,
  async send(room, sendId, parts) {
    const body = { parts, clientMessageId: sendId, ...(credential === "key" && { senderId: user }) };
    const stale = rest.staleConnections;
    try {
      const answer = await rest.call("POST", `/chat/rooms/${room}/messages`, body);
      return judge(answer.status, answer.body, rest.staleConnections > stale ? " on another connection" : "");
    } catch (error) {
      return {
        kind: "unclear",
        label: `no answer: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`,
      };
    }
  },
});

/** A 4xx says that it was not stored and will not be; "later" and everything else leaves it open. */
const judge = (status: number, body: WireMessage & { readonly code?: string }, how: string): Attempt => {
  const label = (status < 300 ? String(status) : `${status} ${body?.code ?? ""}`) + how;
  if (status === 200 || status === 201) return { kind: "ok", id: body.id, seq: body.seq, label };
  return { kind: status >= 400 && status < 500 && status !== 429 ? "refused" : "unclear", label };
};
