/**
 * One term of leadership over the global addresses of a cluster: claims a block, gives addresses out of it to all that is
 * exported and to egress, and records all that before anybody is told.
 */
import { GLOBAL_NETWORK, type GlobalIngressIP } from '../api/globalnet.ts'
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
import { type EgressConflict, EgressRules, egressPool } from './egress-choice.ts'
import type { GlobalnetStores } from './globalnet-stores.ts'
import { type GlobalnetView, globalnetView, type LocalNetworks } from './globalnet-view.ts'
import { GlobalnetWriter } from './globalnet-writer.ts'
import { type WantedIngress, wantedIngress } from './ingress-objects.ts'
import {
  FIRST_CLAIM_AFTER_MS,
  GLOBALNET_BACKOFF,
  GLOBALNET_WORKERS,
  PLAN_PAUSE_MS,
  REVIEW_EVERY_MS,
} from './limits.ts'
import { ingressOwner } from './owned-objects.ts'
import { RecordedAddresses } from './recorded-addresses.ts'
import { Throttle } from './throttle.ts'

export interface GlobalnetTermDeps {
  readonly client: WritingClient
  readonly stores: GlobalnetStores
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
  #view: GlobalnetView | undefined
  /** What was last said of each object, as text: those of which nothing else is said are not looked at again. */
  #said: ReadonlyMap<string, string> = new Map()
  #recorded: RecordedAddresses | undefined
  #wanted: ReadonlyMap<string, WantedIngress> = new Map()
  #resting: readonly RestingAddress[] = []
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
    return { total: capacity?.total ?? 0, allocated: capacity?.allocated ?? 0, unmet: unmet.length, overlaps }
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
    this.#writer.close()
  }

  /** Computes everything anew, has written what differs, and tells what is recorded. */
  #update(): void {
    const network = this.#writer.networks.get({ name: GLOBAL_NETWORK })
    this.#wanted = network === undefined ? new Map() : wantedIngress(this.#candidates.current())
    this.#view =
      network === undefined ? undefined : globalnetView(this.#keeper, this.#cluster, this.#input(network))
    if (network === undefined) this.#keeper.forget()
    this.#resting = this.#view?.plan?.resting ?? this.#resting
    this.#enqueue()
    this.#tell()
  }

  #input(network: NonNullable<ReturnType<GlobalnetWriter['networks']['get']>>) {
    const { stores, directory, clock, local } = this.#deps
    return {
      network,
      egress: stores.egress.list().map((object) => this.#writer.egress.get(refOf(object)) ?? object),
      ingress: this.#ingress(),
      directory: directory.current(),
      local: local(),
      resting: this.#resting,
      before: this.#view?.owners ?? [],
      mayClaim: this.#mayClaim,
      now: clock.now(),
    }
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

  /** What is said twice, by `namespace/name` of the GlobalEgressIP that loses. Which pods two selectors share routers know, not we. */
  #egressConflicts(): ReadonlyMap<string, EgressConflict> {
    const conflicts = new EgressRules([], this.#deps.stores.egress.list().map(egressPool)).conflicts([])
    return new Map(conflicts.map((lost) => [`${lost.namespace}/${lost.name}`, lost]))
  }

  #toSay(): Map<string, string> {
    const conflicts = this.#egressConflicts()
    const plan = this.#view?.plan
    const unmet = new Map(plan?.unmet.map(({ key, message }) => [key, message]))
    const grant = (owner: string) => [plan?.assignments.get(owner), unmet.get(owner), plan === undefined]
    const said = new Map<string, string>()
    for (const object of this.#deps.stores.egress.list()) {
      const { namespace = '', name = '' } = object.metadata
      const lost = conflicts.get(`${namespace}/${name}`)
      said.set(keyOf(Kind.egress, object), JSON.stringify([grant(OwnerKey.egress(namespace, name)), lost]))
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
    if (this.#view === undefined) return
    await this.#writer.writeNetwork(this.#view)
    const latest = this.#writer.networks.get({ name: GLOBAL_NETWORK })
    if (latest !== undefined && latest !== this.#view.network) this.#refresh.request()
  }

  async #writeEgress(id: string): Promise<void> {
    const object = this.#writer.egress.get(splitKey(id))
    if (object === undefined || this.#view === undefined) return
    await this.#writer.writeEgress(object, this.#view, this.#egressConflicts().get(id))
  }

  async #writeIngress(id: string): Promise<void> {
    const wanted = this.#wanted.get(id)
    const object = this.#writer.ingress.get(splitKey(id))
    if (wanted !== undefined && this.#view !== undefined) {
      await this.#writer.writeIngress(wanted, this.#view)
      this.#refresh.request()
    } else if (object?.metadata.labels?.[MANAGED_LABEL] === MANAGED_BY) {
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
