/** A client's socket that lost its connection and got another. Times are milliseconds since the epoch. */
export interface Move {
  /** Which of the crowd. */
  readonly socket: number;
  readonly lostAt: number;
  /** Undefined while it is not back. */
  readonly backAt: number | undefined;
}

/**
 * The most moves that met any window of `windowMs`: whoever was lost in it, came back in it, or was away all the time. A socket
 * that moves twice in a window counts twice, so this is no less than the number of sockets that moved.
 */
export const mostMoving = (moves: readonly Move[], windowMs: number): number => {
  // A window meets a move if it begins no more than its own length before the loss, and not after the return.
  const turns = moves.flatMap(({ lostAt, backAt = Infinity }) => [
    { at: lostAt - windowMs, change: 1 },
    { at: backAt, change: -1 },
  ]);
  turns.sort((a, b) => a.at - b.at || b.change - a.change);
  let moving = 0;
  let most = 0;
  for (const { change } of turns) {
    moving += change;
    most = Math.max(most, moving);
  }
  return most;
};

/** How long the one that was away longest was away, in milliseconds; infinite while one is. 0 for no moves. */
export const longestAway = (moves: readonly Move[]): number =>
  moves.reduce((longest, { lostAt, backAt = Infinity }) => Math.max(longest, backAt - lostAt), 0);
