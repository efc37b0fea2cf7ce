import * as z from "zod";
import { defineEndpoint } from "../endpoint.ts";
import { examples } from "../examples.ts";

export const getRateLimits = defineEndpoint({
  method: "GET",
  path: "/rate-limits",
  auth: "either",
  action: "read",
  tag: "Tenant",
  summary: "Read the caller's rate limits, and what is left of them",
  description:
    "With a session token those of the user and of the tenant, with an API key those of the tenant. Empty when nothing is limited.",
  statuses: [200],
  response: z
    .object({
      limits: z.array(
        z
          .object({
            action: z.string().meta({ description: "What is counted" }),
            scope: z
              .enum(["user", "tenant"])
              .meta({ description: "For the user alone, or for all of the tenant together" }),
            limit: z.int().meta({ description: "How many at once" }),
            windowSeconds: z.number().meta({ description: "Seconds in which as many become free again" }),
            remaining: z.int().meta({ description: "How many are left now" }),
            resetSeconds: z.number().meta({ description: "Seconds until all are free again" }),
          })
          .meta({ id: "RateLimit", description: "A rate limit of the caller", examples: [examples.rateLimit] }),
      ),
    })
    .meta({ id: "RateLimitList", examples: [{ limits: [examples.rateLimit] }] }),
  errors: [],
});
