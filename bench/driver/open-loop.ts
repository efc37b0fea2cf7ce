import { setTimeout as wait } from "node:timers/promises";
import type { Lane, SendOne } from "./lane.ts";
import { createLane } from "./lane.ts";
import type { LoadCommand } from "./protocol.ts";

/**
 * Sends at a fixed rate, whatever becomes of the messages before: a slow server meets the same arrivals as a fast one,
 * and the wait for it counts as latency. Each message has a time at which it was meant to be sent; no two have the same.
 */
export const sendAtRate = async (command: LoadCommand, perSecond: number, send: SendOne): Promise<void> => {
  const idle = command.targets.map((_, index): Lane[] => [createLane(command, index, command.targets.length)]);
  const lanes: Lane[] = idle.flat();
  const underWay = new Set<Promise<void>>();
  const count = Math.round((command.ms / 1000) * perSecond);
  const startAt = performance.now() + 5;

  const sendOne = async (index: number, sentAt: number): Promise<void> => {
    const pod = index % command.targets.length;
    let lane = idle[pod]?.pop();
    if (!lane) {
      lane = createLane(command, pod, command.targets.length);
      lanes.push(lane);
    }
    lane.turn = index;
    await send(lane, sentAt);
    idle[pod]?.push(lane);
  };

  for (let index = 0; index < count; index++) {
    const sentAt = startAt + (index * 1000) / perSecond;
    const early = sentAt - performance.now();
    if (early > 0.2) await wait(early);
    const sending: Promise<void> = sendOne(index, sentAt).finally(() => underWay.delete(sending));
    underWay.add(sending);
    // Whoever waits for all of them below is told; until then it must not count as unhandled.
    sending.catch(() => undefined);
  }
  await Promise.all(underWay);
  for (const { connection } of lanes) connection.close();
};
