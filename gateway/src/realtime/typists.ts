/** Who is shown typing where, by room channel. */
export interface Typists {
  set(channel: string, userId: string, isTyping: boolean): void;
  has(channel: string, userId: string): boolean;
  channelsOf(userId: string): string[];
}

export const createTypists = (): Typists => {
  const channels = new Map<string, Set<string>>();
  return {
    set(channel, userId, isTyping) {
      const users = channels.get(channel) ?? new Set<string>();
      if (isTyping) users.add(userId);
      else users.delete(userId);
      if (users.size > 0) channels.set(channel, users);
      else channels.delete(channel);
    },
    has: (channel, userId) => channels.get(channel)?.has(userId) ?? false,
    channelsOf: (userId) => [...channels].flatMap(([channel, users]) => (users.has(userId) ? [channel] : [])),
  };
};
