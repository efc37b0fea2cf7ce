import type { ConditionDocs } from "./reason.ts";
import { nothingToDo } from "./reason.ts";

export const accepted = {
  meaning: "The spec can be put in force, and this resource is the one that has its tenant.",
  reasons: {
    Accepted: { status: ["True"], meaning: "It can, and it is.", advice: nothingToDo },
    InvalidSpec: {
      status: ["False"],
      meaning: "The spec contradicts itself in a way that the API server let through. Nothing is changed.",
      advice: "Change the spec as the message says, and install the definition of this version of the operator.",
    },
    PoolNotFound: {
      status: ["False"],
      meaning: "The spec asks for shared gateways, which are not available yet.",
      advice: "Use `spec.gateway.mode: Dedicated`.",
    },
    TenantIdConflict: {
      status: ["False"],
      meaning:
        "The tenant of this `tenantId` belongs to another resource, or was kept for one. Nothing of it is touched.",
      advice:
        "Delete one of the two resources; to take over a tenant that was kept, set the annotation `chat.sendsar.com/adopt` to its id.",
    },
    HostConflict: {
      status: ["False"],
      meaning: "Another Tenant has one of the hosts. Nothing leads from it to this one; the others are served.",
      advice: "Take the host out of one of the two.",
    },
  },
} as const satisfies ConditionDocs;

export const databaseReady = {
  meaning: "The tenant is in the database, bound to this resource.",
  reasons: {
    Bound: { status: ["True"], meaning: "It is, and its data can be read and written.", advice: nothingToDo },
    PrivilegeMissing: {
      status: ["False"],
      meaning: "The operator's login may not do what it has to: make logins, or databases.",
      advice: "Grant the operator's login what the message names.",
    },
  },
} as const satisfies ConditionDocs;
