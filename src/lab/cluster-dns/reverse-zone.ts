/**
 * From addresses back to names: PTR records of Service addresses and of headless endpoints.
 */
import { isIPv4 } from 'node:net'
import { type Answer, labelsOf, type Question, RecordType, type Zone } from '../../dns/dns-records.ts'
import { ZoneApex } from '../../dns/zone-apex.ts'
import type { ZoneService, ZoneSnapshot } from '../../dns/zone-snapshot.ts'

/** The two trees of addresses. */
export const REVERSE_ZONES = ['in-addr.arpa', 'ip6.arpa'] as const

/** One of the two trees. What is in none of our Services is denied at once: asking others would leak and delay. */
export class ReverseZone implements Zone {
  readonly origin: readonly string[]
  readonly #apex: ZoneApex
  readonly #snapshot: ZoneSnapshot
  readonly #clusterZone: string
  /** Reversed name -> names; made when first asked for. */
  #names: ReadonlyMap<string, readonly string[]> | undefined

  constructor(tree: (typeof REVERSE_ZONES)[number], clusterZone: string, snapshot: ZoneSnapshot) {
    this.origin = labelsOf(tree)
    this.#apex = new ZoneApex(tree, snapshot.serial)
    this.#clusterZone = clusterZone
    this.#snapshot = snapshot
  }

  answer({ labels, type }: Question): Answer {
    if (!this.#snapshot.synced) return this.#apex.servFail
    if (labels.length === this.origin.length) return this.#apex.answerApex(type)
    this.#names ??= reverseNames(this.#snapshot, this.#clusterZone)
    const name = labels.join('.')
    const targets = this.#names.get(name)
    if (targets === undefined) return this.#apex.nxDomain
    if (type !== RecordType.PTR && type !== RecordType.ANY) return this.#apex.noData
    return this.#apex.found(targets.map((target) => ({ name, type: 'PTR', ttl: this.#apex.ttl, target })))
  }
}

/** The name under which an address is looked up (RFC 1035 section 3.5, RFC 3596 section 2.5). */
export function reverseName(address: string): string {
  if (isIPv4(address)) return `${address.split('.').reverse().join('.')}.in-addr.arpa`
  const [head = '', tail] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const missing = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length
  const all = [...groups(head), ...new Array<string>(missing).fill('0'), ...groups(tail ?? '')]
  const digits = all.map((group) => group.padStart(4, '0')).join('')
  return `${[...digits].reverse().join('.')}.ip6.arpa`
}

function reverseNames(snapshot: ZoneSnapshot, zone: string): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>()
  for (const [key, service] of snapshot.services) {
    const [namespace = '', name = ''] = key.split('/')
    for (const [address, target] of targetsOf(service, `${name}.${namespace}.svc.${zone}`)) {
      const reversed = reverseName(address)
      names.set(reversed, [...(names.get(reversed) ?? []), target])
    }
  }
  return names
}

function targetsOf(service: ZoneService, serviceName: string): (readonly [string, string])[] {
  if (service.type === 'External') return []
  if (service.type === 'Virtual')
    return [...service.ipv4, ...service.ipv6].map((address) => [address, serviceName] as const)
  return [...service.endpoints.values()].flatMap((endpoint) =>
    [...endpoint.ipv4, ...endpoint.ipv6].map(
      (address) => [address, `${endpoint.name}.${serviceName}`] as const,
    ),
  )
}
