/**
 * Kernel settings that a pod may have for its own network: those that Kubernetes calls safe. Pure.
 */
import { LabError } from '../errors.ts'
import type { Sysctl } from '../sandbox/sandbox.ts'
import type { LabPod } from './pod.ts'

const SAFE: ReadonlySet<string> = new Set([
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
])

/** What the pod asks for. Throws LabError when it asks for something else, as a kubelet refuses the pod. */
export function safeSysctls({ spec }: LabPod): readonly Sysctl[] {
  const sysctls = spec?.securityContext?.sysctls ?? []
  const forbidden = sysctls.find(({ name }) => !SAFE.has(name))
  if (forbidden !== undefined)
    throw new LabError(`SysctlForbidden: ${forbidden.name} is not among the safe sysctls`)
  if (sysctls.length > 0 && spec?.hostNetwork === true)
    throw new LabError('SysctlForbidden: a pod on the network of its node has no sysctls of its own')
  return sysctls
}
