/**
 * Who is behind a client address, from the pods that the Kubernetes API has. Nobody waits for it: what is not known
 * yet is unknown. Apart from the RouteSnapshot, so that pods that come and go change no routes.
 */
import type { ClientSource, LabelledClient } from '../api/client-identity.ts'
import type { Pod } from '../api/objects.ts'
import { Resource } from '../api/resources.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import type { Metrics } from '../core/metrics.ts'
import { ListWatch, type ListWatchDeps, type WatchSink } from '../kube/list-watch.ts'
import { CLIENT_PODS_MAX } from './limits.ts'
import { type AddressedPod, PodTable } from './pod-table.ts'

export interface PodIdentitiesConfig {
  /** Pods that are kept. */
  readonly max?: number
  readonly keepsLabels?: boolean
  /** Default: all. */
  readonly namespace?: string | undefined
}

/** Follows the pods of the cluster, or of one namespace. */
export class PodIdentities implements ClientSource, Startable {
  readonly #table: PodTable
  readonly #source: ListWatch<Pod>

  /** Labels take memory, and only globalnet asks for them. */
  constructor(
    deps: ListWatchDeps,
    registry: Metrics,
    { max = CLIENT_PODS_MAX, keepsLabels = false, namespace }: PodIdentitiesConfig = {},
  ) {
    this.#table = new PodTable(max)
    const sink = new PodSink(this.#table, deps.log.child({ component: 'clients' }))
    this.#source = new ListWatch(
      deps,
      Resource.pod,
      { namespace, transform: keepsLabels ? labelledPodFields : podFields },
      sink,
    )
    registry.observe(
      'fairlead_exporter_client_pods',
      'Pods whose flows are known by their name.',
      () => this.#table.size,
    )
  }

  find(address: string): LabelledClient | undefined {
    return this.#table.find(address)
  }

  start(): Promise<void> {
    return this.#source.start()
  }

  stop(): Promise<void> {
    return this.#source.stop()
  }
}

/** Keeps a table of the pods that have addresses for themselves. */
class PodSink implements WatchSink<Pod> {
  readonly #table: PodTable
  readonly #log: Logger
  #full = false

  constructor(table: PodTable, log: Logger) {
    this.#table = table
    this.#log = log
  }

  put(pod: Pod): void {
    const addressed = addressedPod(pod)
    if (addressed === undefined) this.remove(pod)
    else if (!this.#table.put(addressed)) this.#reportFull()
  }

  remove({ metadata }: Pod): void {
    this.#table.remove(metadata.uid ?? '')
  }

  /** Those that are gone first: they may hold the addresses, and the places, of those that are there. */
  replace(pods: readonly Pod[]): void {
    const present = new Set(pods.map(({ metadata }) => metadata.uid))
    for (const uid of this.#table.uids()) if (!present.has(uid)) this.#table.remove(uid)
    for (const pod of pods) this.put(pod)
  }

  #reportFull(): void {
    if (!this.#full) this.#log.warn({ pods: this.#table.size }, 'too many pods: flows of some stay nameless')
    this.#full = true
  }
}

/** What is read of a pod: lists and watches hold nothing else of it. */
function podFields({ metadata, spec, status }: Pod): Pod {
  const { uid = '', name = '', namespace = '', creationTimestamp = '', resourceVersion = '' } = metadata
  const { hostNetwork = false, serviceAccountName = 'default' } = spec ?? {}
  const { phase = '', podIP = '', podIPs = [], startTime = creationTimestamp } = status ?? {}
  return {
    metadata: { uid, name, namespace, creationTimestamp, resourceVersion },
    spec: { hostNetwork, serviceAccountName },
    status: { phase, podIP, podIPs, startTime },
  }
}

function labelledPodFields(pod: Pod): Pod {
  const { metadata, ...rest } = podFields(pod)
  return { ...rest, metadata: { ...metadata, labels: pod.metadata.labels ?? {} } }
}

/** Pods on the host's network share its address, and those that ended have given theirs back: neither is told apart. */
function addressedPod({ metadata, spec, status }: Pod): AddressedPod | undefined {
  const addresses = addressesOf(status)
  const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed'
  if (spec?.hostNetwork === true || ended || addresses.length === 0) return undefined
  return {
    uid: metadata.uid ?? '',
    namespace: metadata.namespace ?? '',
    pod: metadata.name ?? '',
    serviceAccount: spec?.serviceAccountName ?? '',
    addresses,
    startedAt: Date.parse(status?.startTime ?? '') || 0,
    ...(metadata.labels === undefined ? {} : { labels: metadata.labels }),
  }
}

function addressesOf(status: Pod['status']): string[] {
  const { podIP = '', podIPs = [] } = status ?? {}
  const all = podIPs.length > 0 ? podIPs.map(({ ip }) => ip) : [podIP]
  return all.filter((address) => address !== '')
}
