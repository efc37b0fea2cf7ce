/** A gateway, and who we are to it. */
export interface Gateway {
  /** Ends in `/v1`. Browsers are sent here too, so it must be an address that they reach. */
  readonly apiUrl: string;
  /** The tenant's key. It can act as every user, so it never leaves this server. */
  readonly apiKey: string;
  /** Aborts when this server stops, and with it the calls under way. */
  readonly stopped: AbortSignal;
}

/** The gateway said no. Asking again would not help: the key or the request is wrong. */
export class GatewayRefusal extends Error {
  override readonly name = "GatewayRefusal";
}

// docs:start(gateway)
/**
 * Calls the gateway as the tenant's backend: POST with a body, GET without. Answers the JSON of the endpoint.
 *
 * @throws {GatewayRefusal} when the gateway refuses; any other error means that it is away for the moment.
 */
export const askGateway = async <Answer>(gateway: Gateway, path: string, body?: object): Promise<Answer> => {
  const { apiUrl, apiKey, stopped } = gateway;
  const response = await fetch(apiUrl + path, {
    headers: { "x-api-key": apiKey, "content-type": "application/json" },
    ...(body && { method: "POST", body: JSON.stringify(body) }),
    signal: AbortSignal.any([stopped, AbortSignal.timeout(5000)]),
  });
  if (response.ok) return (await response.json()) as Answer;
  const reason = `the gateway answered ${response.status} to ${path}: ${await response.text()}`;
  throw response.status < 500 && response.status !== 429 ? new GatewayRefusal(reason) : new Error(reason);
};
// docs:end(gateway)

/** Why a call failed, in a few words: `fetch` itself says only that it did, and keeps the reason as the cause. */
export const reasonOf = (error: unknown): string => {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (error instanceof Error) return error.cause === undefined ? error.message : reasonOf(error.cause);
  return String(error);
};
