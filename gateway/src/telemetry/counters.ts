/**
 * What the gateway counts while it works: plain numbers, added to where the thing happens and read when somebody asks for
 * metrics. So counting costs an addition, and nothing is called.
 */
export interface Counters {
  /** Sockets that were let in. */
  connects: number;
  /** Messages whose commit this gateway made. */
  messagesCommitted: number;
  /** Events that were handed to sockets, one for each socket that gets one. */
  deliveries: number;
  /** Events that the other gateways were told of. */
  eventsTold: number;
  /** Events that no other gateway wanted to be told of. */
  eventsUntold: number;
  /** Readings of a room's log because an event of it had not come by itself. */
  gapReads: number;
  /** Clients that asked for what they missed. */
  catchUps: number;
  /** Sockets that were cut because they did not read. */
  slowConsumersCut: number;
  /** Sockets that were sent away because the gateway stops. */
  sentAwayByDrain: number;
  /** Sockets that were sent away because they were old. */
  sentAwayByAge: number;
}

export const createCounters = (): Counters => ({
  connects: 0,
  messagesCommitted: 0,
  deliveries: 0,
  eventsTold: 0,
  eventsUntold: 0,
  gapReads: 0,
  catchUps: 0,
  slowConsumersCut: 0,
  sentAwayByDrain: 0,
  sentAwayByAge: 0,
});
