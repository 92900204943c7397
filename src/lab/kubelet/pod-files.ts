/** The files of /etc that the kubelet writes for a pod. Pure. */
import { podResolvConf } from '../sandbox/resolv-conf.ts'
import type { LabPod } from './pod.ts'

export interface PodFilesConfig {
  readonly dnsAddress: string
  /** The machine's own resolv.conf, for dnsPolicy Default. */
  readonly hostResolvConf: string
}

/** /etc/hosts as kubelet writes it. */
export function hostsFile(pod: LabPod, hostname: string, address: string): string {
  const { subdomain, hostAliases = [] } = pod.spec ?? {}
  const domain = `${subdomain}.${pod.metadata.namespace}.svc.cluster.local`
  const names = subdomain === undefined ? hostname : `${hostname}.${domain} ${hostname}`
  return [
    '127.0.0.1 localhost',
    '::1 localhost ip6-localhost ip6-loopback',
    `${address} ${names}`,
    ...hostAliases.map(({ ip, hostnames = [] }) => `${ip} ${hostnames.join(' ')}`),
    '',
  ].join('\n')
}

/** /etc/resolv.conf by dnsPolicy and dnsConfig. */
export function resolvConf(pod: LabPod, { dnsAddress, hostResolvConf }: PodFilesConfig): string {
  const { dnsPolicy = 'ClusterFirst', dnsConfig, hostNetwork } = pod.spec ?? {}
  const base = policyConf(dnsPolicy === 'ClusterFirst' && hostNetwork ? 'Default' : dnsPolicy)
  const parsed = parse(base)
  const servers = [...parsed.servers, ...(dnsConfig?.nameservers ?? [])]
  const searches = [...parsed.searches, ...(dnsConfig?.searches ?? [])]
  const options = new Map([
    ...parsed.options.map((option) => [option.split(':')[0] ?? '', option] as const),
    ...(dnsConfig?.options ?? []).map(
      ({ name, value }) => [name, value === undefined ? name : `${name}:${value}`] as const,
    ),
  ])
  return [
    ...servers.map((server) => `nameserver ${server}\n`),
    ...(searches.length === 0 ? [] : [`search ${[...new Set(searches)].join(' ')}\n`]),
    ...(options.size === 0 ? [] : [`options ${[...options.values()].join(' ')}\n`]),
  ].join('')

  function policyConf(policy: string): string {
    if (policy === 'None') return ''
    return policy === 'Default'
      ? hostResolvConf
      : podResolvConf(dnsAddress, pod.metadata.namespace ?? 'default')
  }
}

function parse(text: string): { servers: string[]; searches: string[]; options: string[] } {
  const values = (keyword: string) =>
    text
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter(([first]) => first === keyword)
      .flatMap(([, ...rest]) => rest)
  return { servers: values('nameserver'), searches: values('search'), options: values('options') }
}

/** The pod's own name, cut to what a host name may be. */
export function podHostname(pod: LabPod): string {
  return (pod.spec?.hostname ?? pod.metadata.name ?? 'pod').slice(0, 63).replace(/[-.]+$/, '')
}
