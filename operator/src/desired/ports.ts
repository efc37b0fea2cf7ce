/** Where a gateway listens: `PORT`, and `ADMIN_PORT` for probes and metrics. */
export const gatewayPorts = { http: 3001, admin: 9090 } as const;

/** The names of these ports in pods: scrape configurations and policies use them. */
export const portNames = { http: "http", admin: "admin" } as const;
