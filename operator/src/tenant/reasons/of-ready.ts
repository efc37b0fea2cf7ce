import type { ConditionDocs } from "./reason.ts";
import { nothingToDo } from "./reason.ts";

export const ready = {
  meaning:
    "All that the spec asks for is in force. Otherwise status and reason are those of the first condition, in the order of this page, that is False, or else of the first that is Unknown. `AutoscalingActive` does not count.",
  reasons: {
    Ready: {
      status: ["True"],
      meaning: "Clients can connect, and everything is as the spec says.",
      advice: nothingToDo,
    },
    Paused: {
      status: ["Unknown"],
      meaning: "The operator leaves this Tenant alone, as its annotation `chat.sendsar.com/paused` asks.",
      advice: "Remove the annotation to have the operator look after it again.",
    },
  },
} as const satisfies ConditionDocs;
