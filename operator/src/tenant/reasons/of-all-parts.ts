import type { Reasons } from "./reason.ts";
import { nothingToDo } from "./reason.ts";

/** Reasons that every condition may have: of what can stop any part. */
export const ofAllParts = {
  Pending: {
    status: ["Unknown"],
    meaning: "The operator has not come to this part yet.",
    advice: "Wait; if it stays so, look whether the operator runs and whether it watches this namespace.",
  },
  WaitingForDatabase: {
    status: ["Unknown"],
    meaning: "This part needs the tenant's database, which is not ready or belongs to another resource.",
    advice: "Look at the conditions `Accepted` and `DatabaseReady`.",
  },
  Suspended: {
    status: ["False"],
    meaning: "The tenant is closed, as `spec.suspend` asks.",
    advice: "Set `spec.suspend` to false to open it again.",
  },
  Deleting: {
    status: ["False"],
    meaning: "The resource is being deleted, and the operator takes down what it made.",
    advice: "Wait; the message says what is waited for.",
  },
  DatabaseUnavailable: {
    status: ["False", "Unknown"],
    meaning: "Postgres does not answer, cannot do now what is asked, or is not migrated; the message says which.",
    advice: "Bring the database back; the operator tries again by itself. Gateways that run go on meanwhile.",
  },
  Refused: {
    status: ["False"],
    meaning: "What the spec asks for does not fit; the message says what of it.",
    advice: "Change the spec as the message says.",
  },
  ObjectNotOwned: {
    status: ["False"],
    meaning: "An object of the name that the operator needs is there and belongs to somebody else. It is left alone.",
    advice: "Remove or rename that object, or give the Tenant another name.",
  },
  RefusedByApiServer: {
    status: ["False"],
    meaning: "The API server refused an object: a policy, a quota, or a right that the operator lacks.",
    advice: "Do what the message asks for; it is the API server's own.",
  },
  ApiServerUnavailable: {
    status: ["Unknown"],
    meaning: "The API server did not answer, or answered with an error of its own.",
    advice: nothingToDo,
  },
  InternalError: {
    status: ["Unknown"],
    meaning: "The operator failed in a way that it does not know.",
    advice: "Look at the operator's log, and report it.",
  },
} as const satisfies Reasons;
