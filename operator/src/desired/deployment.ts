import type { DesiredInput } from "./desired-config.ts";
import type { Deployment } from "./kinds.ts";
import { toSelector } from "./labels.ts";
import { toNames } from "./names.ts";
import { toPodTemplate } from "./pod-template.ts";
import { surgePercent } from "./replicas.ts";
import { toHash } from "./template-hash.ts";
import { toOwned } from "./to-owned.ts";

/** Annotation of a Deployment: the hash of its pod template as the operator wants it. */
export const templateHashAnnotation = "chat.sendsar.com/template-hash";

/** How many old revisions stay for `kubectl rollout undo`. */
const revisionHistoryLimit = 3;

/** A rollout without progress for this long is reported as failed. */
const progressDeadlineSeconds = 300;

/**
 * The gateways of a Tenant. Without `replicas`, which `desiredReplicas` and the autoscaler decide. A rollout starts new
 * gateways before it stops old ones.
 */
export const toDeployment = (input: DesiredInput): Deployment => {
  const { tenant, config } = input;
  const template = toPodTemplate(input);
  return toOwned(tenant, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: toNames(tenant.metadata.name).gateway,
      annotations: { [templateHashAnnotation]: toHash(template) },
    },
    spec: {
      selector: { matchLabels: toSelector(tenant) },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: `${surgePercent}%`, maxUnavailable: 0 } },
      // The server does not keep a 0 here, so none is stated.
      ...(config.minReadySeconds > 0 && { minReadySeconds: config.minReadySeconds }),
      progressDeadlineSeconds,
      revisionHistoryLimit,
      template,
    },
  });
};

/** Does applying `wanted` start new pods in place of those of `live`? A rollout then needs a place in the budget. */
export const rollsPods = (live: Deployment | undefined, wanted: Deployment): boolean =>
  live !== undefined && toTemplateHash(live) !== toTemplateHash(wanted);

/** Undefined for a Deployment that the operator has not applied yet. */
export const toTemplateHash = ({ metadata }: Deployment): string | undefined =>
  metadata.annotations?.[templateHashAnnotation];
