/**
 * One term of leadership over the global addresses of a cluster: claims a block, gives addresses out of it to all that is
 * exported and to egress, and records all that before anybody is told.
 */
import { GLOBAL_NETWORK, type GlobalIngressIP, type GlobalNetwork } from '../api/globalnet.ts'
import type { ExportCandidate, GlobalAddresses } from '../api/globalnet-feed.ts'
import { MANAGED_BY, MANAGED_LABEL, type ServiceKey } from '../api/names.ts'
import type { BlockFact, Directory } from '../api/service-record.ts'
import { formatCidr } from '../core/cidr.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import type { Snapshot, SnapshotSource } from '../core/snapshot.ts'
import type { EventRecorder } from '../kube/events.ts'
import type { WritingClient } from '../kube/owned-objects.ts'
import { Reconciler, source } from '../kube/reconciler.ts'
import { objectKey } from '../kube/store.ts'
import type { RestingAddress } from './address-pool.ts'
import { OwnerKey } from './allocation.ts'
import { BlockKeeper } from './block-keeper.ts'
import type { PodsOf } from './contested-pods.ts'
import { EgressConflicts } from './egress-conflicts.ts'
import type { GlobalnetStores } from './globalnet-stores.ts'
import { type GlobalnetView, globalnetView, type LocalNetworks } from './globalnet-view.ts'
import { GlobalnetWriter } from './globalnet-writer.ts'
import { type WantedIngress, wantedIngress } from './ingress-objects.ts'
import {
  CONTEST_PAUSE_MS,
  FIRST_CLAIM_AFTER_MS,
  GLOBALNET_BACKOFF,
  GLOBALNET_WORKERS,
  PLAN_PAUSE_MS,
  REVIEW_EVERY_MS,
} from './limits.ts'
import { ingressOwner, ownersOf } from './owned-objects.ts'
import { RecordedAddresses } from './recorded-addresses.ts'
import { RestGate } from './rest-gate.ts'
import { recordedResting } from './rest-records.ts'
import { Throttle } from './throttle.ts'

export interface GlobalnetTermDeps {
  readonly client: WritingClient
  readonly stores: GlobalnetStores
  readonly podsOf: PodsOf
  readonly directory: SnapshotSource<Directory>
  readonly local: () => LocalNetworks
  readonly events: Pick<EventRecorder, 'record'>
  readonly clock: Clock
  readonly log: Logger
  /** Told of what is recorded. */
  readonly addresses: Snapshot<GlobalAddresses | undefined>
  readonly block: Snapshot<BlockFact | undefined>
}

export interface GlobalnetFigures {
  readonly total: number
  readonly allocated: number
  readonly unmet: number
  readonly overlaps: number
  readonly resting: number
}

const Kind = { network: 'network', egress: 'egress', ingress: 'ingress' } as const

export class GlobalnetTerm implements Startable {
  readonly #deps: GlobalnetTermDeps
  readonly #cluster: string
  readonly #candidates: SnapshotSource<ReadonlyMap<ServiceKey, ExportCandidate>>
  readonly #keeper: BlockKeeper
  readonly #writer: GlobalnetWriter
  readonly #reconciler: Reconciler
  readonly #refresh: Throttle
  readonly #gate: RestGate
  readonly #conflicts: EgressConflicts
  /** Pods have changed which several GlobalEgressIPs may select. */
  readonly #contest: Throttle
  #view: GlobalnetView | undefined
  /** What was last said of each object, as text: those of which nothing else is said are not looked at again. */
  #said: ReadonlyMap<string, string> = new Map()
  #recorded: RecordedAddresses | undefined
  #wanted: ReadonlyMap<string, WantedIngress> = new Map()
  /** Undefined until what is recorded has been read. */
  #resting: readonly RestingAddress[] | undefined
  #mayClaim = false
  #unfollow: Cancel[] = []

  constructor(
    deps: GlobalnetTermDeps,
    cluster: string,
    candidates: SnapshotSource<ReadonlyMap<ServiceKey, ExportCandidate>>,
  ) {
    const { stores, clock } = deps
    this.#deps = deps
    this.#cluster = cluster
    this.#candidates = candidates
    this.#keeper = new BlockKeeper(cluster)
    this.#writer = new GlobalnetWriter(deps)
    this.#refresh = new Throttle(clock, PLAN_PAUSE_MS, () => this.#update())
    this.#contest = new Throttle(clock, CONTEST_PAUSE_MS, () => this.#enqueue())
    this.#conflicts = new EgressConflicts(deps.podsOf, () => this.#contest.request())
    this.#gate = new RestGate((key) => this.#reconciler.enqueue(key))
    this.#reconciler = new Reconciler(
      { ...deps, log: deps.log.child({ component: 'globalnet' }) },
      {
        concurrency: GLOBALNET_WORKERS,
        backoff: GLOBALNET_BACKOFF,
        sources: [
          source(stores.networks, () => [Kind.network]),
          source(stores.egress, (object) => [keyOf(Kind.egress, object)]),
          source(stores.ingress, (object) => [keyOf(Kind.ingress, object)]),
        ],
        reconcile: (key) => this.#reconcile(key),
      },
    )
  }

  /** Numbers for /metrics. */
  get figures(): GlobalnetFigures {
    const { capacity, unmet = [] } = this.#view?.plan ?? {}
    const overlaps = this.#view?.kind === 'valid' ? this.#view.overlaps.length : 0
    const { total = 0, allocated = 0 } = capacity ?? {}
    return { total, allocated, unmet: unmet.length, overlaps, resting: this.#view?.resting.length ?? 0 }
  }

  /** The stores must be synced. What statuses record counts when it resolves. */
  async start(): Promise<void> {
    const { stores, directory, clock } = this.#deps
    const request = () => this.#refresh.request()
    const cancelClaim = clock.after(FIRST_CLAIM_AFTER_MS, () => {
      this.#mayClaim = true
      request()
    })
    this.#unfollow = [
      cancelClaim,
      ...Object.values(stores).map((store) => store.subscribe(request)),
      this.#candidates.subscribe(request),
      directory.subscribe((next, previous) => blocksDiffer(next, previous) && request()),
      clock.every(REVIEW_EVERY_MS, request),
    ]
    this.#update()
    await this.#reconciler.start()
  }

  async stop(): Promise<void> {
    for (const cancel of this.#unfollow) cancel()
    this.#unfollow = []
    this.#refresh.cancel()
    await this.#reconciler.stop()
    this.#contest.cancel()
    await this.#conflicts.stop()
    this.#contest.cancel()
    this.#writer.close()
  }

  /** Computes everything anew, has written what differs, and tells what is recorded. */
  #update(): void {
    const network = this.#writer.networks.get({ name: GLOBAL_NETWORK })
    this.#wanted = network === undefined ? new Map() : wantedIngress(this.#candidates.current())
    this.#view =
      network === undefined ? undefined : globalnetView(this.#keeper, this.#cluster, this.#input(network))
    if (network === undefined) this.#keeper.forget()
    this.#resting = this.#view?.resting ?? this.#resting
    this.#gate.plan(this.#view?.resting ?? [])
    this.#enqueue()
    this.#tell()
  }

  #input(network: GlobalNetwork) {
    const { stores, directory, clock, local } = this.#deps
    const now = clock.now()
    const egress = stores.egress.list().map((object) => this.#writer.egress.get(refOf(object)) ?? object)
    const { true: doomed = [], false: ingress = [] } = Object.groupBy(this.#ingress(), (object) =>
      this.#isDoomed(object) ? 'true' : 'false',
    )
    const objects = { network, egress, ingress, doomed }
    return {
      ...objects,
      directory: directory.current(),
      local: local(),
      resting: this.#resting ?? recordedResting(network, ownersOf(objects).recorded, now),
      before: this.#view?.owners ?? [],
      mayClaim: this.#mayClaim,
      now,
    }
  }

  /** We made it, and nothing wants it any more. */
  #isDoomed(object: GlobalIngressIP): boolean {
    return (
      object.metadata.labels?.[MANAGED_LABEL] === MANAGED_BY && !this.#wanted.has(objectKey(refOf(object)))
    )
  }

  /** As we know them, with those that we have just made. */
  #ingress(): GlobalIngressIP[] {
    const known = new Set(this.#wanted.keys())
    for (const object of this.#deps.stores.ingress.list()) known.add(objectKey(refOf(object)))
    return [...known].flatMap((key) => this.#writer.ingress.get(splitKey(key)) ?? [])
  }

  #enqueue(): void {
    this.#reconciler.enqueue(Kind.network)
    const said = this.#toSay()
    for (const [key, text] of said) if (this.#said.get(key) !== text) this.#reconciler.enqueue(key)
    for (const key of this.#said.keys()) if (!said.has(key)) this.#reconciler.enqueue(key)
    this.#said = said
  }

  #toSay(): Map<string, string> {
    const egress = this.#view === undefined ? [] : this.#deps.stores.egress.list()
    const conflictOf = this.#conflicts.among(egress)
    const plan = this.#view?.plan
    const unmet = new Map(plan?.unmet.map(({ key, message }) => [key, message]))
    const grant = (owner: string) => [plan?.assignments.get(owner), unmet.get(owner), plan === undefined]
    const said = new Map<string, string>()
    for (const object of egress) {
      const { namespace = '', name = '' } = object.metadata
      const given = grant(OwnerKey.egress(namespace, name))
      said.set(keyOf(Kind.egress, object), JSON.stringify([given, conflictOf(object)]))
    }
    for (const [id, { object, place }] of this.#wanted) {
      const owner = object.spec && ingressOwner(object.metadata.namespace ?? '', object.spec.target)
      said.set(`${Kind.ingress}/${id}`, JSON.stringify([grant(owner ?? ''), place]))
    }
    return said
  }

  #tell(): void {
    const { addresses, block } = this.#deps
    const view = this.#view
    const recorded = view?.recorded
    const fact = recorded && { block: formatCidr(recorded.block), claimedAt: recorded.claimedAt }
    const known = block.current()
    if (known?.block !== fact?.block || known?.claimedAt !== fact?.claimedAt) block.set(fact)
    const next = view === undefined ? undefined : new RecordedAddresses(this.#ingress(), view.plan)
    const isSame = next === undefined ? this.#recorded === undefined : this.#recorded?.equals(next) === true
    if (isSame) return
    this.#recorded = next
    addresses.set(next)
  }

  async #reconcile(key: string): Promise<void> {
    const [kind] = key.split('/', 1)
    const id = key.slice((kind?.length ?? 0) + 1)
    if (kind === Kind.network) await this.#writeNetwork()
    else if (kind === Kind.egress) await this.#writeEgress(id)
    else await this.#writeIngress(id)
  }

  async #writeNetwork(): Promise<void> {
    const view = this.#view
    if (view !== undefined) await this.#writer.writeNetwork(view)
    this.#gate.record(view?.resting ?? [])
    if (this.#view === undefined) return
    const latest = this.#writer.networks.get({ name: GLOBAL_NETWORK })
    if (latest !== undefined && latest !== this.#view.network) this.#refresh.request()
  }

  async #writeEgress(id: string): Promise<void> {
    const object = this.#writer.egress.get(splitKey(id))
    if (object === undefined || this.#view === undefined) return
    if (this.#gate.holds(`${Kind.egress}/${id}`, object.status?.allocatedIPs ?? [])) return
    const conflictOf = this.#conflicts.among(this.#deps.stores.egress.list())
    await this.#writer.writeEgress(object, this.#view, conflictOf(object))
  }

  async #writeIngress(id: string): Promise<void> {
    const wanted = this.#wanted.get(id)
    const object = this.#writer.ingress.get(splitKey(id))
    if (wanted !== undefined && this.#view !== undefined) {
      await this.#writer.writeIngress(wanted, this.#view)
      this.#refresh.request()
    } else if (object !== undefined && this.#isDoomed(object)) {
      const { allocatedIP } = object.status ?? {}
      if (allocatedIP !== undefined && this.#gate.holds(`${Kind.ingress}/${id}`, [allocatedIP])) return
      await this.#writer.ingress.remove(object)
    }
  }
}

function refOf({ metadata }: { readonly metadata: { readonly namespace?: string; readonly name?: string } }) {
  const { namespace, name = '' } = metadata
  return namespace === undefined ? { name } : { namespace, name }
}

function keyOf(kind: string, object: Parameters<typeof refOf>[0]): string {
  return `${kind}/${objectKey(refOf(object))}`
}

function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/')
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

function blocksDiffer(next: Directory, previous: Directory): boolean {
  return [...new Set([...next.keys(), ...previous.keys()])].some(
    (cluster) => next.get(cluster)?.facts?.globalnet !== previous.get(cluster)?.facts?.globalnet,
  )
}
