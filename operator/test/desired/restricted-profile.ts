import type { V1Container, V1PodSpec } from "@kubernetes/client-node";

/**
 * What of a pod the "restricted" profile forbids, control by control with the wording of the standard; empty when it is
 * allowed. Also asks for a read-only root file system, which the profile does not.
 * Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/ (baseline and restricted)
 */
export const findRestrictedViolations = (
  pod: V1PodSpec,
  annotations: Readonly<Record<string, string>> = {},
): string[] => {
  const containers = [...pod.containers, ...(pod.initContainers ?? [])];
  return [
    ...violated("HostProcess", isHostProcess(pod)),
    ...violated("Host Namespaces", Boolean(pod.hostNetwork ?? pod.hostPID ?? pod.hostIPC)),
    ...violated(
      "Volume Types",
      (pod.volumes ?? []).some((volume) => !isAllowedVolume(volume)),
    ),
    ...violated("Sysctls", (pod.securityContext?.sysctls ?? []).length > 0),
    ...violated(
      "AppArmor",
      Object.keys(annotations).some((name) => name.includes("apparmor.security")),
    ),
    ...violated("SELinux", pod.securityContext?.seLinuxOptions !== undefined),
    ...containers.flatMap((container) => findContainerViolations(pod, container)),
  ];
};

const violated = (control: string, isViolated: boolean): string[] => (isViolated ? [control] : []);

const isHostProcess = (pod: V1PodSpec): boolean =>
  pod.securityContext?.windowsOptions?.hostProcess === true ||
  pod.containers.some(({ securityContext }) => securityContext?.windowsOptions?.hostProcess === true);

const allowedVolumes = new Set([
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
]);

const isAllowedVolume = (volume: object): boolean =>
  Object.keys(volume).every((key) => key === "name" || allowedVolumes.has(key));

const findContainerViolations = (pod: V1PodSpec, container: V1Container): string[] => {
  const own = container.securityContext ?? {};
  const user = own.runAsUser ?? pod.securityContext?.runAsUser;
  const nonRoot = own.runAsNonRoot ?? pod.securityContext?.runAsNonRoot;
  const seccomp = own.seccompProfile?.type ?? pod.securityContext?.seccompProfile?.type;
  return [
    ...violated("Privileged Containers", own.privileged === true),
    ...violated(
      "Host Ports",
      (container.ports ?? []).some(({ hostPort }) => hostPort !== undefined && hostPort !== 0),
    ),
    ...violated("/proc Mount Type", (own.procMount ?? "Default") !== "Default"),
    ...violated("SELinux", own.seLinuxOptions !== undefined),
    ...violated("Privilege Escalation", own.allowPrivilegeEscalation !== false),
    ...violated("Running as Non-root", nonRoot !== true),
    ...violated("Running as Non-root user", user === 0),
    ...violated("Seccomp", seccomp !== "RuntimeDefault" && seccomp !== "Localhost"),
    ...violated("Capabilities", own.capabilities?.drop?.includes("ALL") !== true),
    ...violated(
      "Capabilities",
      (own.capabilities?.add ?? []).some((name) => name !== "NET_BIND_SERVICE"),
    ),
    ...violated(
      "Host Probes / Lifecycle Hooks",
      findHandlers(container).some((handler) => statesHost(handler)),
    ),
    ...violated("Read-only root", own.readOnlyRootFilesystem !== true),
  ];
};

const findHandlers = (container: V1Container): (object | undefined)[] => [
  container.startupProbe,
  container.readinessProbe,
  container.livenessProbe,
  container.lifecycle?.preStop,
  container.lifecycle?.postStart,
];

const statesHost = (handler: { httpGet?: { host?: string }; tcpSocket?: { host?: string } } | undefined): boolean =>
  [handler?.httpGet?.host, handler?.tcpSocket?.host].some((host) => host !== undefined && host !== "");
