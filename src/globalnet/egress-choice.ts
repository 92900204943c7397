/**
 * Which global addresses a client has as its source, and which of them. A pure function of what there is: by whom it was
 * asked first plays no part, so that every node and every restart chooses alike.
 */
import { isSelected } from '../api/cluster-selectors.ts'
import type { GlobalEgressIP, PodSelector } from '../api/globalnet.ts'
import { hash32 } from '../core/hash.ts'

/** A GlobalEgressIP. */
export interface EgressPool {
  readonly namespace: string
  readonly name: string
  /** RFC 3339: where two select a pod the older holds. */
  readonly createdAt: string
  /** Absent: all pods of the namespace that nothing else says anything about. */
  readonly podSelector?: PodSelector
  /** May be empty: none is allocated yet. */
  readonly addresses: readonly string[]
}

export interface EgressPod {
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** Of the headless endpoint that it is. */
  readonly ingressAddress?: string
}

export type EgressClient =
  | ({ readonly kind: 'pod' } & EgressPod)
  /** A pod with the network of its node, the node itself, or anything outside: nobody can tell them apart. */
  | { readonly kind: 'outside' }

/** What decides about a client, most specific first. */
export const EgressLevel = {
  pod: 'Pod',
  endpoint: 'Endpoint',
  namespace: 'Namespace',
  cluster: 'Cluster',
} as const
export type EgressLevel = (typeof EgressLevel)[keyof typeof EgressLevel]

/** One of the addresses is the client's source. When there are none it has none, and does not borrow those of a wider level. */
export interface EgressSource {
  readonly level: EgressLevel
  /** Of the GlobalEgressIP. */
  readonly name?: string
  readonly addresses: readonly string[]
}

/** What a GlobalEgressIP loses to an older one. */
export interface EgressConflict {
  readonly namespace: string
  readonly name: string
  /** The older one that has the first of the pods, or the namespace. */
  readonly to: string
  /** Names of the pods that it selects and does not have, sorted; empty when both are for the whole namespace. */
  readonly pods: readonly string[]
}

/** `unknown` as long as the pods are not known. */
export type ConflictFinding = EgressConflict | 'none' | 'unknown'

export function egressPool({ metadata, spec = {}, status = {} }: GlobalEgressIP): EgressPool {
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    createdAt: metadata.creationTimestamp ?? '',
    ...(spec.podSelector && { podSelector: spec.podSelector }),
    addresses: status.allocatedIPs ?? [],
  }
}

interface NamespacePools {
  /** Oldest first. */
  readonly selecting: readonly EgressPool[]
  readonly wide: readonly EgressPool[]
}

const NONE: NamespacePools = { selecting: [], wide: [] }

/** Everything that says something about sources in one cluster. */
export class EgressRules {
  readonly #cluster: readonly string[]
  readonly #namespaces: ReadonlyMap<string, NamespacePools>

  /** `clusterAddresses` are those of the GlobalNetwork. */
  constructor(clusterAddresses: readonly string[], pools: readonly EgressPool[]) {
    this.#cluster = clusterAddresses
    this.#namespaces = new Map(
      [...Map.groupBy(pools.toSorted(byAge), ({ namespace }) => namespace)].map(([namespace, list]) => [
        namespace,
        {
          selecting: list.filter(({ podSelector }) => podSelector !== undefined),
          wide: list.filter(({ podSelector }) => podSelector === undefined),
        },
      ]),
    )
  }

  /** The oldest selector in its namespace that selects it, its own ingress address, the namespace's, the cluster's. */
  sourceOf(client: EgressClient): EgressSource {
    if (client.kind === 'outside') return this.#ofCluster
    const { selecting, wide } = this.#namespaces.get(client.namespace) ?? NONE
    const selected = selecting.find((pool) => selects(pool, client))
    if (selected !== undefined) return sourceIn(EgressLevel.pod, selected)
    if (client.ingressAddress !== undefined) {
      return { level: EgressLevel.endpoint, addresses: [client.ingressAddress] }
    }
    const [namespace] = wide
    return namespace === undefined ? this.#ofCluster : sourceIn(EgressLevel.namespace, namespace)
  }

  /** What is said twice, of each namespace by age. */
  conflicts(pods: readonly EgressPod[]): EgressConflict[] {
    const podsIn = Map.groupBy(pods, ({ namespace }) => namespace)
    return [...this.#namespaces].flatMap(([namespace, pools]) => [
      ...wideConflicts(pools.wide),
      ...selectorConflicts(pools.selecting, podsIn.get(namespace) ?? []),
    ])
  }

  get #ofCluster(): EgressSource {
    return { level: EgressLevel.cluster, addresses: this.#cluster }
  }
}

function sourceIn(level: EgressLevel, { name, addresses }: EgressPool): EgressSource {
  return { level, name, addresses }
}

function wideConflicts([first, ...others]: readonly EgressPool[]): EgressConflict[] {
  if (first === undefined) return []
  return others.map(({ namespace, name }) => ({ namespace, name, to: first.name, pods: [] }))
}

function selectorConflicts(selecting: readonly EgressPool[], pods: readonly EgressPod[]): EgressConflict[] {
  const lost = new Map<EgressPool, { to: string; pods: string[] }>()
  for (const pod of pods.toSorted((left, right) => (left.name < right.name ? -1 : 1))) {
    const [holder, ...losers] = selecting.filter((pool) => selects(pool, pod))
    if (holder === undefined) continue
    for (const loser of losers) {
      const entry = lost.get(loser) ?? { to: holder.name, pods: [] }
      entry.pods.push(pod.name)
      lost.set(loser, entry)
    }
  }
  return selecting.flatMap((pool) => {
    const found = lost.get(pool)
    return found === undefined ? [] : [{ namespace: pool.namespace, name: pool.name, ...found }]
  })
}

/** An empty selector selects all pods, as everywhere in Kubernetes. */
function selects({ podSelector }: EgressPool, { labels }: EgressPod): boolean {
  return podSelector !== undefined && isSelected(podSelector, labels, {})
}

/** Oldest first; a time that cannot be read is the youngest. */
function byAge(left: EgressPool, right: EgressPool): number {
  const age = ageOf(left) - ageOf(right)
  if (age !== 0) return age
  return left.name < right.name ? -1 : left.name > right.name ? 1 : 0
}

function ageOf({ createdAt }: EgressPool): number {
  const time = Date.parse(createdAt)
  return Number.isNaN(time) ? Number.MAX_SAFE_INTEGER : time
}

/**
 * The client's source: the address whose hash together with the client's own is highest (rendezvous). A further address
 * takes only the clients that move to it, one that goes gives only its own away.
 */
export function egressAddress(client: string, addresses: readonly string[]): string | undefined {
  let best: string | undefined
  let bestScore = -1
  for (const address of addresses) {
    const score = hash32(`${client}|${address}`)
    if (score < bestScore || (score === bestScore && best !== undefined && best < address)) continue
    best = address
    bestScore = score
  }
  return best
}
