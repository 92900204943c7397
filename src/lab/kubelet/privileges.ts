/** A container's securityContext as flags of setpriv(1). Pure. */
import type { Container, LabPod, SecurityContext } from './pod.ts'

/** What container runtimes leave a container that asks for nothing (capabilities(7), without CAP_). */
const USUAL = [
  ...['audit_write', 'chown', 'dac_override', 'fowner', 'fsetid', 'kill', 'mknod', 'net_bind_service'],
  ...['net_raw', 'setfcap', 'setgid', 'setpcap', 'setuid', 'sys_chroot'],
] as const

/** Where there is one user only (`oneUser`), nobody is made another. */
export function privilegeFlags(pod: LabPod, container: Container, oneUser = false): readonly string[] {
  const own = container.securityContext
  return [
    ...(oneUser ? [] : userFlags(pod, container)),
    ...capabilityFlags(own),
    ...(own?.allowPrivilegeEscalation === false ? ['--no-new-privs'] : []),
  ]
}

/** Who the container wants to be; no flags when that is nobody in particular. */
export function userFlags(pod: LabPod, container: Container): readonly string[] {
  const common = pod.spec?.securityContext
  const own = container.securityContext
  const user = own?.runAsUser ?? common?.runAsUser
  const group = own?.runAsGroup ?? common?.runAsGroup
  if (user === undefined && group === undefined) return []
  const extra = [
    ...(common?.supplementalGroups ?? []),
    ...(common?.fsGroup === undefined ? [] : [common.fsGroup]),
  ]
  const groups = extra.length === 0 ? ['--clear-groups'] : [`--groups=${extra.join(',')}`]
  // Without a group, Kubernetes leaves the image's; here that is root's.
  return [...(user === undefined ? [] : [`--reuid=${user}`]), `--regid=${group ?? 0}`, ...groups]
}

function capabilityFlags(context: SecurityContext | undefined): string[] {
  if (context?.privileged) return []
  const { add = [], drop = [] } = context?.capabilities ?? {}
  const dropped = new Set(drop.map(capabilityName))
  const kept = dropped.has('all') ? [] : USUAL.filter((name) => !dropped.has(name))
  const added = add.map(capabilityName)
  if (added.includes('all')) return dropped.size === 0 ? [] : [boundingSet('+all', without(dropped))]
  return [
    boundingSet(
      '-all',
      [...new Set([...kept, ...added])].map((name) => `+${name}`),
    ),
    '--inh-caps=-all',
  ]
}

function without(dropped: ReadonlySet<string>): string[] {
  return [...dropped].filter((name) => name !== 'all').map((name) => `-${name}`)
}

function boundingSet(base: string, changes: readonly string[]): string {
  return `--bounding-set=${[base, ...changes].join(',')}`
}

function capabilityName(name: string): string {
  return name.toLowerCase().replace(/^cap_/, '')
}
