import { Inbox } from "../src/inbox.ts";
import { createTestClock } from "./test-clock.ts";

/** An inbox whose hooks note what they are told. */
export function createTestInbox() {
  const said: string[] = [];
  const clock = createTestClock();
  const inbox = new Inbox(clock, {
    emit: (_name, { rooms: positions }) => said.push(`resume ${JSON.stringify(positions)}`),
    cut: () => said.push("cut"),
    deliver: ({ roomId, seq }) => said.push(`${roomId}${seq}`),
    reset: (roomId) => said.push(`reset ${roomId}`),
  });
  const hear = (roomId: string, seq: number) => inbox.receive("new-message", { id: `${roomId}${seq}`, roomId, seq });
  const answer = () => inbox.receive("resumed", { rooms: [], more: false });
  return { said, clock, inbox, hear, answer };
}
