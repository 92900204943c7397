/** What NetworkPolicies let through, by the rules of Kubernetes' documentation: pure, for tables of who may reach what. */
import type { KubeObject } from '../../src/api/objects.ts'
import { containsAddress, parseCidr } from '../../src/core/cidr.ts'
import { parseAddress } from '../../src/core/ip.ts'
import {
  fromSelectorObject,
  type Labels,
  matchesLabels,
} from '../../src/lab/api-server/selectors/label-selector.ts'

type Direction = 'Ingress' | 'Egress'

interface PolicyPeer {
  readonly podSelector?: object
  readonly namespaceSelector?: object
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] }
}

interface PolicyRule {
  readonly from?: readonly PolicyPeer[]
  readonly to?: readonly PolicyPeer[]
  readonly ports?: readonly {
    readonly protocol?: string
    readonly port?: number
    readonly endPort?: number
  }[]
}

export interface NetworkPolicy extends KubeObject {
  readonly spec: {
    readonly podSelector: object
    readonly policyTypes: readonly Direction[]
    readonly ingress?: readonly PolicyRule[]
    readonly egress?: readonly PolicyRule[]
  }
}

/** A pod, or, without a namespace, an address outside of the cluster's pods. */
export interface Place {
  readonly namespace?: string
  readonly namespaceLabels?: Labels
  readonly labels?: Labels
  readonly address?: string
}

export interface Connection {
  readonly from: Place
  readonly to: Place
  readonly protocol: 'TCP' | 'UDP'
  readonly port: number
}

/** Both ends have to allow it; a pod that no policy of a direction selects allows everything in it. */
export function isLetThrough(policies: readonly NetworkPolicy[], connection: Connection): boolean {
  return (['Ingress', 'Egress'] as const).every((direction) => allows(policies, connection, direction))
}

function allows(policies: readonly NetworkPolicy[], connection: Connection, direction: Direction): boolean {
  const [own, other] =
    direction === 'Ingress' ? [connection.to, connection.from] : [connection.from, connection.to]
  const concerned = policies.filter(
    ({ metadata, spec }) =>
      spec.policyTypes.includes(direction) &&
      metadata.namespace === own.namespace &&
      selects(spec.podSelector, own.labels),
  )
  if (concerned.length === 0) return true
  return concerned.some(({ metadata, spec }) => {
    const rules = (direction === 'Ingress' ? spec.ingress : spec.egress) ?? []
    return rules.some(
      (rule) => coversPort(rule, connection) && coversPeer(rule, direction, other, metadata.namespace ?? ''),
    )
  })
}

function coversPort({ ports = [] }: PolicyRule, { protocol, port }: Connection): boolean {
  if (ports.length === 0) return true
  return ports.some((each) => {
    if ((each.protocol ?? 'TCP') !== protocol) return false
    return each.port === undefined || (port >= each.port && port <= (each.endPort ?? each.port))
  })
}

function coversPeer(rule: PolicyRule, direction: Direction, other: Place, home: string): boolean {
  const peers = (direction === 'Ingress' ? rule.from : rule.to) ?? []
  return peers.length === 0 || peers.some((peer) => isPeer(peer, other, home))
}

function isPeer(
  { podSelector, namespaceSelector, ipBlock }: PolicyPeer,
  other: Place,
  home: string,
): boolean {
  if (ipBlock !== undefined)
    return inBlock(ipBlock.cidr, other) && !(ipBlock.except ?? []).some((each) => inBlock(each, other))
  if (other.namespace === undefined) return false
  const inNamespace =
    namespaceSelector === undefined
      ? other.namespace === home
      : selects(namespaceSelector, {
          'kubernetes.io/metadata.name': other.namespace,
          ...other.namespaceLabels,
        })
  return inNamespace && (podSelector === undefined || selects(podSelector, other.labels))
}

function selects(selector: object, labels: Labels = {}): boolean {
  return matchesLabels(fromSelectorObject(selector), labels)
}

function inBlock(cidr: string, { address = '' }: Place): boolean {
  const block = parseCidr(cidr)
  const parsed = parseAddress(address)
  return block !== undefined && parsed !== undefined && containsAddress(block, parsed)
}
