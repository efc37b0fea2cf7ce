import type { V1PodSecurityContext, V1SecurityContext } from "@kubernetes/client-node";

/** The `nonroot` user that minimal base images agree on. */
const nonRootId = 65_532;

/**
 * What the "restricted" profile asks of a pod, and a user that exists in no file of the image.
 * Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
 */
export const podSecurityContext: V1PodSecurityContext = {
  runAsNonRoot: true,
  runAsUser: nonRootId,
  runAsGroup: nonRootId,
  seccompProfile: { type: "RuntimeDefault" },
};

/** What it asks of a container; and the file system of the image is only read. */
export const containerSecurityContext: V1SecurityContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};
