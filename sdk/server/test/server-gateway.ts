import { type TestGateway, startTestGateway } from "../../../scripts/testing/gateway.ts";
import { type Sendsar, createSendsar } from "../src/server-sdk.ts";

/** A real gateway, and a client of each of its tenants. */
export interface ServerGateway extends AsyncDisposable {
  readonly gateway: TestGateway;
  readonly sendsar: Sendsar;
  /** The other tenant's. */
  readonly other: Sendsar;
}

/** Starts it. */
export async function startServerGateway(options: Parameters<typeof startTestGateway>[0] = {}): Promise<ServerGateway> {
  const gateway = await startTestGateway(options);
  const apiUrl = `${gateway.url}/v1`;
  return {
    gateway,
    sendsar: createSendsar({ apiUrl, apiKey: gateway.a.apiKey }),
    other: createSendsar({ apiUrl, apiKey: gateway.b.apiKey }),
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

/** The items of an iterable, in an array. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
