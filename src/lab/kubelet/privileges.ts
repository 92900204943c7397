/** A container's securityContext as flags of setpriv(1). Pure. */
import type { Container, LabPod } from './pod.ts'

/** No flags means: as root, with all that root may do here. */
export function privilegeFlags(pod: LabPod, container: Container): readonly string[] {
  const common = pod.spec?.securityContext
  const own = container.securityContext
  const user = own?.runAsUser ?? common?.runAsUser
  const group = own?.runAsGroup ?? common?.runAsGroup
  return [
    ...userFlags(user, group, [
      ...(common?.supplementalGroups ?? []),
      ...(common?.fsGroup === undefined ? [] : [common.fsGroup]),
    ]),
    ...capabilityFlags(own?.capabilities),
    ...(own?.allowPrivilegeEscalation === false ? ['--no-new-privs'] : []),
  ]
}

function userFlags(user: number | undefined, group: number | undefined, extra: readonly number[]): string[] {
  if (user === undefined && group === undefined) return []
  const groups = extra.length === 0 ? ['--clear-groups'] : [`--groups=${extra.join(',')}`]
  // Without a group, Kubernetes leaves the image's; here that is root's.
  return [...(user === undefined ? [] : [`--reuid=${user}`]), `--regid=${group ?? 0}`, ...groups]
}

function capabilityFlags(capabilities: { add?: string[]; drop?: string[] } | undefined): string[] {
  const changes = [
    ...(capabilities?.drop ?? []).map((name) => `-${capabilityName(name)}`),
    ...(capabilities?.add ?? []).map((name) => `+${capabilityName(name)}`),
  ]
  if (changes.length === 0) return []
  return [`--bounding-set=${changes.join(',')}`, `--inh-caps=${changes.join(',')}`]
}

function capabilityName(name: string): string {
  return name.toLowerCase().replace(/^cap_/, '')
}
