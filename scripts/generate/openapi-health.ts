/** Tag of what is not part of the chat API. */
export const healthTag = {
  name: "Health",
  description: "For load balancers and tools; outside `/v1`, no credential.",
};

const answers = (description: string, content: object) => ({
  description,
  content: { "application/json": { schema: content } },
});

const outside = (operationId: string, summary: string, responses: object) => ({
  servers: [{ url: "/" }],
  get: { operationId, tags: [healthTag.name], summary, security: [], responses },
});

const statusBody = (status: string) => ({
  type: "object",
  properties: { status: { const: status } },
  required: ["status"],
});

/** What the gateway answers beside the endpoints of the contract. */
export const healthPaths = {
  "/healthz": outside("getHealth", "Is the process alive", { "200": answers("It is", statusBody("ok")) }),
  "/readyz": outside("getReadiness", "Can it serve requests now", {
    "200": answers("It can", statusBody("ready")),
    "503": answers("Not now: send requests elsewhere", statusBody("not ready")),
  }),
  "/openapi.json": outside("getOpenapi", "This document", {
    "200": answers("OpenAPI 3.1", { type: "object" }),
  }),
};
