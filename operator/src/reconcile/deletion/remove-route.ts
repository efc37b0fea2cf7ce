import { ownedResources } from "../../desired/desired-objects.ts";
import { toNames } from "../../desired/names.ts";
import { removeOwned } from "../owned-objects.ts";
import type { DeletionPart } from "./deletion-part.ts";
import { isOverdue } from "./drain-time.ts";

/** First nobody is led to the gateways any more. A route that will not go is not waited for longer than the gateways are. */
export const removeRoute: DeletionPart = async (deps, tenant) => {
  const { gateway } = toNames(tenant.metadata.name);
  let gone = true;
  for (const resource of ownedResources.exposure) gone = (await removeOwned(deps, tenant, resource, gateway)) && gone;
  if (gone || isOverdue(tenant, deps.clock.date())) return undefined;
  return { reason: "Deleting", message: "The route to the gateways is being removed.", afterMs: lookAgainMs };
};

/** Its change is what is waited for; this is for when nobody saw it. */
const lookAgainMs = 2000;
