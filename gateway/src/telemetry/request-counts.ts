/** HTTP requests of one route that were answered. */
export interface RouteCounts {
  readonly method: string;
  /** As it was declared, such as `/v1/users/:userId`: there are as many as the contract has. */
  readonly route: string;
  /** How many, by the first digit of their status. */
  readonly byStatusClass: readonly number[];
  /** Seconds that they took, all together. */
  readonly seconds: number;
}

/** Counts HTTP requests by route and outcome. */
export interface RequestCounts {
  answered(method: string, route: string, status: number, ms: number): void;
  routes(): Iterable<RouteCounts>;
}

export const createRequestCounts = (): RequestCounts => {
  const routes = new Map<string, { method: string; route: string; byStatusClass: number[]; seconds: number }>();
  return {
    answered(method, route, status, ms) {
      const key = `${method} ${route}`;
      let counts = routes.get(key);
      if (!counts) {
        counts = { method, route, byStatusClass: [0, 0, 0, 0, 0, 0], seconds: 0 };
        routes.set(key, counts);
      }
      const statusClass = Math.floor(status / 100);
      counts.byStatusClass[statusClass] = (counts.byStatusClass[statusClass] ?? 0) + 1;
      counts.seconds += ms / 1000;
    },
    routes: () => routes.values(),
  };
};
