/**
 * Joins the topology with the sessions of the network: each session with another router is a neighbour, for as long as
 * it stands.
 */
import { ROUTER_ID } from '../../api/router-advertisement.ts'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import type { Metrics, Sample } from '../../core/metrics.ts'
import { Snapshot, type SnapshotSource } from '../../core/snapshot.ts'
import { Condition, ViolationError } from '../../link/errors.ts'
import type { Hello } from '../../link/messages.ts'
import type { TopologyExchange, TopologyHook, TopologySender } from '../../link/topology-hook.ts'
import { type PeerIdentity, Role } from '../../pki/identity.ts'
import { TopologyViolation } from '../topology/errors.ts'
import type { RouterInfo } from '../topology/link-graph.ts'
import { type NeighbourSession, TopologyEngine } from '../topology/topology-engine.ts'
import { TopologyView } from '../topology/topology-view.ts'
import type { AdvertisementSignatures } from './advertisement-signatures.ts'

export interface NetworkTopologyDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  readonly signatures: Pick<AdvertisementSignatures, 'sign' | 'verify'>
  readonly random?: () => number
  /** Whether routers of a cluster are no part of the network, as it was revoked. */
  readonly isGone?: (cluster: string) => boolean
}

/** Our own place in the network. */
export interface OwnRouter {
  readonly router: string
  /** For people. */
  readonly name: string
}

const CONDITIONS: Readonly<Record<TopologyViolation['kind'], Condition>> = {
  invalid: Condition.invalidField,
  limit: Condition.resourceLimit,
  forged: Condition.unauthorized,
}

export class NetworkTopology {
  readonly #deps: NetworkTopologyDeps
  readonly #own: OwnRouter
  readonly #view: Snapshot<TopologyView>
  #engine: TopologyEngine | undefined

  constructor(deps: NetworkTopologyDeps, own: OwnRouter) {
    this.#deps = deps
    this.#own = own
    this.#view = new Snapshot(TopologyView.of(own.router))
    this.#observe(deps.metrics)
  }

  /** The network as this router sees it. Empty before `start`. */
  get view(): SnapshotSource<TopologyView> {
    return this.#view
  }

  /** Routers that told of themselves a short while ago, and to which no link leads now. */
  get lost(): readonly RouterInfo[] {
    return this.#engine?.lost ?? []
  }

  /** Begins to tell the neighbours of us; `cluster` is that of our certificate. */
  start(cluster: string): void {
    const { clock, logger, signatures, random = Math.random, isGone = () => false } = this.#deps
    const { sign, verify } = signatures
    const { router, name } = this.#own
    const engine = new TopologyEngine(
      { clock, logger, random, sign, verify, isGone },
      { router, name, cluster },
    )
    engine.view.subscribe((view) => this.#view.set(view))
    this.#view.set(engine.view.current())
    this.#engine = engine
    engine.start()
  }

  /** Says everything again: there is another certificate to sign with. */
  sayAgain(): void {
    this.#engine?.sayAgain()
  }

  stop(): void {
    this.#engine?.stop()
  }

  /** `isGone` says otherwise of some cluster than before. */
  goneChanged(): void {
    this.#engine?.goneChanged()
  }

  /** Tells all routers that no new flow should come here or pass through here. */
  drain(): void {
    this.#engine?.drain()
  }

  /** What is shared with a peer over a link of this cost; undefined for those that are no routers. */
  hookFor(peer: PeerIdentity, cost: number): TopologyHook | undefined {
    if (peer.role !== Role.router) return undefined
    return (hello, sender) => this.#connect(hello, cost, sender)
  }

  #connect({ id, cluster }: Hello, cost: number, sender: TopologySender) {
    if (!ROUTER_ID.test(id)) return undefined
    const session = this.#engine?.connect({ router: id, cluster, cost }, sender)
    return session === undefined ? undefined : exchangeOf(session)
  }

  #observe(metrics: Metrics): void {
    const engine = () => this.#engine
    metrics.observe(
      'fairlead_topology_routers',
      'Routers that are connected with this one, itself included',
      () => this.#view.current().routers.size,
    )
    metrics.observe(
      'fairlead_topology_advertisements',
      'Advertisements of routers that are held, also of those out of reach',
      () => engine()?.advertisements ?? 0,
    )
    metrics.observe(
      'fairlead_topology_held_neighbours',
      'Neighbours that are kept out for a while, since they came and went too often',
      () => engine()?.heldNeighbours ?? 0,
    )
    metrics.total(
      'fairlead_topology_computations_total',
      'Times that paths were computed',
      () => engine()?.computations ?? 0,
    )
    metrics.total(
      'fairlead_topology_refused_total',
      'Advertisements that were not taken: forged, or more than is kept',
      () => engine()?.counts.refused ?? 0,
    )
    metrics.totalEach(
      'fairlead_topology_messages_total',
      'Messages about the topology, by direction',
      ['direction'],
      (): Sample[] => [
        [{ direction: 'sent' }, engine()?.counts.sent ?? 0],
        [{ direction: 'received' }, engine()?.counts.received ?? 0],
      ],
    )
  }
}

function exchangeOf(session: NeighbourSession): TopologyExchange {
  return {
    onMessage(message) {
      try {
        session.receive(message)
      } catch (error) {
        if (!(error instanceof TopologyViolation)) throw error
        throw new ViolationError(CONDITIONS[error.kind], error.message, { cause: error })
      }
    },
    onWritable: () => session.writable(),
    onRoundTrip: (ms) => session.roundTrip(ms),
    onClosed: () => session.closed(),
  }
}
