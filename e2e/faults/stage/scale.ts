/** How large the load of a row is. One of ten clients comes and goes all the time. */
export interface Scale {
  /** Rooms of the first tenant; the second one has a tenth of it, at least two. */
  readonly rooms: number;
  /** Each is in two rooms of its tenant. */
  readonly users: number;
  readonly senders: number;
  readonly messagesPerSecond: number;
  /** Share of the clients that use our SDK; the others are as the published ones. */
  readonly sdkShare: number;
  /** Users who are added to rooms and removed from them all the time. */
  readonly guests: number;
}

/** 20 rooms of 10, as the fault matrix has it. */
export const fullScale: Scale = {
  rooms: 20,
  users: 100,
  senders: 44,
  messagesPerSecond: 110,
  sdkShare: 0.3,
  guests: 6,
};

/** For every test run. */
export const quickScale: Scale = {
  rooms: 6,
  users: 24,
  senders: 20,
  messagesPerSecond: 60,
  sdkShare: 0.3,
  guests: 2,
};
