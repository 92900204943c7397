/**
 * Writes what a view says into the objects of global addresses: what is there already is not written again.
 */

import type { NewCondition } from '../api/conditions.ts'
import { setCondition } from '../api/conditions.ts'
import type { GlobalEgressIP, GlobalIngressIP, GlobalNetwork } from '../api/globalnet.ts'
import type { Condition, KubeObject } from '../api/objects.ts'
import { apiVersion, Resource, type ResourceType } from '../api/resources.ts'
import { formatCidr } from '../core/cidr.ts'
import type { Clock } from '../core/clock.ts'
import { contains, sameValue } from '../core/compare.ts'
import type { EventRecorder } from '../kube/events.ts'
import { type Aspect, OwnedObjects, type WritingClient } from '../kube/owned-objects.ts'
import { OwnerKey } from './allocation.ts'
import type { QuietBlock } from './block-quiet.ts'
import { egressConflict, invalidNetwork, networkConditions, ownerCondition } from './conditions.ts'
import type { ConflictFinding } from './egress-choice.ts'
import type { GlobalnetStores } from './globalnet-stores.ts'
import type { GlobalnetView } from './globalnet-view.ts'
import type { WantedIngress } from './ingress-objects.ts'
import { isInTheWay } from './overlap.ts'
import { ingressOwner } from './owned-objects.ts'
import { quietStatus, restingStatus } from './rest-records.ts'

/** Field manager of all that is written here. */
const GLOBALNET = 'fairlead-globalnet'

/** What the Events are about. */
const ACTION = 'Allocate'

export interface GlobalnetWriterDeps {
  readonly client: WritingClient
  readonly stores: GlobalnetStores
  readonly events: Pick<EventRecorder, 'record'>
  readonly clock: Clock
}

interface Conditioned {
  readonly conditions?: Condition[]
}

export class GlobalnetWriter {
  readonly networks: OwnedObjects<GlobalNetwork>
  readonly egress: OwnedObjects<GlobalEgressIP>
  readonly ingress: OwnedObjects<GlobalIngressIP>
  readonly #deps: GlobalnetWriterDeps

  constructor(deps: GlobalnetWriterDeps) {
    this.#deps = deps
    const { client, stores, clock } = deps
    const owned = <T extends KubeObject>(
      type: ResourceType,
      store: ConstructorParameters<typeof OwnedObjects<T>>[0]['store'],
    ) => new OwnedObjects<T>({ client, clock, store }, { type, fieldManager: GLOBALNET })
    this.networks = owned<GlobalNetwork>(Resource.globalNetwork, stores.networks)
    this.egress = owned<GlobalEgressIP>(Resource.globalEgressIP, stores.egress)
    this.ingress = owned<GlobalIngressIP>(Resource.globalIngressIP, stores.ingress)
  }

  close(): void {
    for (const each of [this.networks, this.egress, this.ingress]) each.close()
  }

  async writeNetwork(view: GlobalnetView): Promise<void> {
    const { network } = view
    const status = view.kind === 'invalid' ? this.#invalidStatus(view) : this.#networkStatus(view)
    await this.#writeStatus(this.networks, Resource.globalNetwork, network, status)
  }

  async writeEgress(object: GlobalEgressIP, view: GlobalnetView, conflict: ConflictFinding): Promise<void> {
    const { namespace = '', name = '', generation = 0 } = object.metadata
    const granted = grantOf(view, OwnerKey.egress(namespace, name), generation)
    if (granted === undefined) return
    const { addresses, condition } = granted
    const status: NonNullable<GlobalEgressIP['status']> = {
      ...(addresses.length === 0 ? {} : { allocatedIPs: [...addresses] }),
      conditions: this.#conditions(object.status, [
        condition,
        ...egressConflict(conflict, generation, object.status?.conditions),
      ]),
    }
    await this.#writeStatus(this.egress, Resource.globalEgressIP, object, status)
  }

  /** Makes the object, and records the address that the view has for it. */
  async writeIngress({ object: wanted, place }: WantedIngress, view: GlobalnetView): Promise<void> {
    const object = await this.ingress.ensure(wanted, ingressAspect)
    const { namespace = '', generation = 0 } = object.metadata
    if (wanted.spec === undefined) return
    const granted = grantOf(view, ingressOwner(namespace, wanted.spec.target), generation)
    if (granted === undefined) return
    const { addresses, condition } = granted
    const [allocatedIP] = addresses
    const status: NonNullable<GlobalIngressIP['status']> = {
      ...(allocatedIP === undefined ? {} : { allocatedIP }),
      ...(place === undefined ? {} : { endpoint: { address: place.address, ports: place.ports } }),
      conditions: this.#conditions(object.status, [condition]),
    }
    await this.#writeStatus(this.ingress, Resource.globalIngressIP, object, status)
  }

  #invalidStatus({
    network,
    message,
    resting,
  }: GlobalnetView & { kind: 'invalid' }): NonNullable<GlobalNetwork['status']> {
    const { conditions: _, resting: __, ...kept }: NetworkStatus = network.status ?? {}
    const condition = invalidNetwork(message, network.metadata.generation ?? 0)
    return { ...kept, ...restOf(resting), conditions: this.#conditions(network.status, [condition]) }
  }

  #networkStatus(view: GlobalnetView & { kind: 'valid' }): NonNullable<GlobalNetwork['status']> {
    const { network, review, claim, plan, overlaps } = view
    const rest = { ...restOf(view.resting), ...quietOf(view.quiet) }
    if (review.kind === 'waiting') return { ...withoutRest(network.status), ...rest }
    const generation = network.metadata.generation ?? 0
    const egressIPs = plan?.assignments.get(OwnerKey.clusterEgress) ?? []
    const unmet = plan?.unmet.find(({ key }) => key === OwnerKey.clusterEgress)
    const conditions = networkConditions({
      generation,
      review,
      overlaps,
      previous: network.status?.conditions,
    })
    const short = unmet === undefined ? [] : [ownerCondition({ generation, addresses: egressIPs, unmet })]
    const range = overlaps.some(isInTheWay) ? network.status?.range : formatCidr(view.range)
    return {
      ...(range === undefined ? {} : { range }),
      ...(claim === undefined
        ? {}
        : { block: formatCidr(claim.block), claimedAt: new Date(claim.claimedAt).toISOString() }),
      ...(egressIPs.length === 0 ? {} : { egressIPs: [...egressIPs] }),
      ...(plan === undefined ? {} : { capacity: { ...plan.capacity } }),
      ...rest,
      conditions: this.#conditions(network.status, [...conditions, ...short]),
    }
  }

  #conditions(status: Conditioned | undefined, next: readonly NewCondition[]): Condition[] {
    const now = this.#deps.clock.now()
    const all = next.reduce<Condition[]>(
      (list, each) => setCondition(list, each, now),
      [...(status?.conditions ?? [])],
    )
    const types = new Set(next.map(({ type }) => type))
    return all.filter(({ type }) => types.has(type))
  }

  async #writeStatus<T extends KubeObject & { status?: Conditioned }>(
    owned: OwnedObjects<T>,
    type: ResourceType,
    object: T,
    status: NonNullable<T['status']>,
  ): Promise<void> {
    const { name, namespace } = object.metadata
    const metadata = {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
    }
    const wanted = { metadata, status } as T
    if (sameValue(object.status, status)) return
    await owned.ensure(wanted, statusAspect())
    this.#tell({ ...object, apiVersion: apiVersion(type), kind: type.kind }, object.status, status)
  }

  /** Every condition that turned, bad or good again. */
  #tell(regarding: KubeObject, before: Conditioned | undefined, { conditions = [] }: Conditioned): void {
    for (const { type, status, reason, message } of conditions) {
      const old = before?.conditions?.find((each) => each.type === type)
      const isNews =
        old === undefined ? !isQuiet(type, status) : old.status !== status || old.reason !== reason
      if (!isNews) continue
      const level = isQuiet(type, status) && reason !== 'Renumbered' ? 'Normal' : 'Warning'
      this.#deps.events.record(regarding, {
        type: level,
        reason,
        action: ACTION,
        note: message === '' ? type : message,
      })
    }
  }
}

type NetworkStatus = NonNullable<GlobalNetwork['status']>

function restOf(resting: GlobalnetView['resting']): Pick<NetworkStatus, 'resting'> {
  return resting.length === 0 ? {} : { resting: restingStatus(resting) }
}

function quietOf(quiet: readonly QuietBlock[]): Pick<NetworkStatus, 'restingBlocks'> {
  return quiet.length === 0 ? {} : { restingBlocks: quietStatus(quiet) }
}

function withoutRest({ resting: _, restingBlocks: __, ...status }: NetworkStatus = {}): NetworkStatus {
  return status
}

/** Allocated is good when it is True, everything else when it is False. */
function isQuiet(type: string, status: string): boolean {
  return (status === 'True') === (type === 'Allocated')
}

interface Granted {
  readonly addresses: readonly string[]
  readonly condition: NewCondition
}

/** Undefined while nothing can be said: the owner is newer than the plan, or the block is about to be recorded. */
function grantOf(view: GlobalnetView, key: string, generation: number): Granted | undefined {
  const { plan } = view
  if (plan === undefined) return hasNoBlock(view) ? withoutBlock(key, generation) : undefined
  const addresses = plan.assignments.get(key)
  if (addresses === undefined) return undefined
  const unmet = plan.unmet.find((each) => each.key === key)
  return { addresses, condition: ownerCondition({ generation, addresses, unmet }) }
}

function hasNoBlock(view: GlobalnetView): boolean {
  return view.kind === 'invalid' || view.review.kind === 'exhausted'
}

function withoutBlock(key: string, generation: number): Granted {
  const message = 'the cluster has no block of global addresses: see GlobalNetwork cluster'
  const unmet = { key, missing: 1, message }
  return { addresses: [], condition: ownerCondition({ generation, addresses: [], unmet }) }
}

/** Labels and target; others may add to it. */
const ingressAspect: Aspect<GlobalIngressIP> = {
  matches: (actual, wanted) =>
    contains(actual.metadata.labels ?? {}, wanted.metadata.labels) && sameValue(actual.spec, wanted.spec),
  repair: (actual, wanted) => ({
    ...actual,
    ...wanted,
    metadata: { ...actual.metadata, ...wanted.metadata },
  }),
}

/** Statuses are ours alone. */
function statusAspect<T extends KubeObject & { status?: Conditioned }>(): Aspect<T> {
  return {
    subresource: 'status',
    matches: (actual, wanted) => sameValue(actual.status, wanted.status),
    repair: (actual, wanted) => ({ ...actual, status: wanted.status }),
  }
}
