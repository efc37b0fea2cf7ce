import type { TestClient } from "../../../scripts/testing/client.ts";

/** Whoever calls as one of its users or as its backend. */
export interface StageTenant {
  readonly tenantId: string;
  readonly apiKey: string;
  readonly api: TestClient;
}
