import { once } from "node:events";
import { createServer } from "node:http";
import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestProject } from "vitest/node";
import { ensureSdk } from "../start/sdk.ts";
import type { Kube } from "./kube/start-kube.ts";
import { findKubeProblem, openTestKube } from "./kube/test-kube.ts";
import { openTestServer } from "./test-server.ts";
import type { TestServer } from "./test-server.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Answers with the Postgres of this test run; see `findTestServer`. */
    testServerUrl: string;
    /** Why there is no API server of Kubernetes in this run; empty when there can be one. See `describeKube`. */
    kubeProblem: string;
  }
}

/**
 * Gives all tests of a run one Postgres, one API server of Kubernetes, and one build of the SDK. Each is made when the first test asks, so a run of unit
 * tests does not wait for it; the tests live in other processes, so they ask over HTTP on loopback.
 */
const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  let opened: Promise<TestServer> | undefined;
  let built: Promise<void> | undefined;
  let kube: Promise<Kube> | undefined;
  const broker = createServer((request, response) => {
    if (request.url === "/sdk") {
      void answer(
        response,
        (built ??= ensureSdk()).then(() => ({})),
      );
      return;
    }
    if (request.url === "/kube") {
      void answer(
        response,
        (kube ??= openTestKube()).then(({ url, ca, adminKubeconfig, dir }) => ({ url, ca, adminKubeconfig, dir })),
      );
      return;
    }
    opened ??= openTestServer(process.env["TEST_DATABASE_URL"]);
    void answer(
      response,
      opened.then(({ adminUrl, template }) => ({ adminUrl, template })),
    );
  });
  broker.listen(0, "127.0.0.1");
  await once(broker, "listening");
  project.provide("testServerUrl", `http://127.0.0.1:${(broker.address() as AddressInfo).port}/`);
  project.provide("kubeProblem", await findKubeProblem());
  return async () => {
    await close(broker);
    // If it could not be opened, the tests that asked have failed with the reason.
    const server = await opened?.catch(() => undefined);
    await server?.[Symbol.asyncDispose]();
    await (await kube?.catch(() => undefined))?.[Symbol.asyncDispose]();
  };
};

const answer = async (response: ServerResponse, work: Promise<object>): Promise<void> => {
  try {
    response.end(JSON.stringify(await work));
  } catch (error) {
    response.writeHead(503).end(error instanceof Error ? error.message : String(error));
  }
};

const close = async (broker: Server): Promise<void> => {
  const closed = once(broker, "close");
  broker.close();
  broker.closeAllConnections();
  await closed;
};

// Vitest calls the default export.
export default setup;
