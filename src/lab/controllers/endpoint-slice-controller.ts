/**
 * Service selector + Pods -> EndpointSlices.
 */
import { Label } from '../../api/names.ts'
import type { EndpointSlice, Service } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import type { Startable } from '../../core/lifecycle.ts'
import { isNotFound } from '../../kube/errors.ts'
import { type ReconcilerSource, source } from '../../kube/reconciler.ts'
import type { Store } from '../../kube/types.ts'
import { type ControllerDeps, keyOf, refFromKey, refOf } from './controller-deps.ts'
import { ENDPOINT_SLICE_MANAGER, planEndpointSlices } from './endpoint-slice-plan.ts'
import type { ZoneOf } from './endpoints.ts'
import { matchesLabels } from './label-selector.ts'
import { OwnWrites } from './own-writes.ts'
import { ownKeys, WorkloadController } from './workload-controller.ts'
import { type ClusterNode, isControlledBy, type WorkloadPod } from './workloads.ts'

/** Keeps the slices of every Service with a selector. */
export function endpointSliceController(deps: ControllerDeps): Startable {
  const { stores } = deps
  const slices = new SliceWrites(deps)
  return new WorkloadController(deps, {
    name: 'endpoint-slice-controller',
    sources: [
      ownKeys(stores.services),
      selectingServices(stores),
      sliceServices(stores.endpointSlices),
      servicesOfNodes(stores),
    ],
    close: () => slices.close(),
    async reconcile(key) {
      const ref = refFromKey(key)
      const service = stores.services.get(ref)
      if (service === undefined || service.metadata.deletionTimestamp !== undefined) return undefined
      if (!isManaged(service)) return undefined
      await slices.make(service, podsOf(service, stores.pods), (name) =>
        zoneLabel(stores.nodes.get({ name })),
      )
      return undefined
    },
  })
}

/** Writes the plan of one Service. */
class SliceWrites {
  readonly #client: ControllerDeps['client']
  readonly #view: OwnWrites<EndpointSlice>

  constructor(deps: ControllerDeps) {
    this.#client = deps.client
    this.#view = new OwnWrites(deps.stores.endpointSlices, deps.clock)
  }

  close(): void {
    this.#view.close()
  }

  async make(service: Service, pods: readonly WorkloadPod[], zoneOf: ZoneOf): Promise<void> {
    const existing = this.#view
      .list(service.metadata.namespace)
      .filter((slice) => serviceOf(slice) === service.metadata.name && isControlledBy(slice, service))
      .filter((slice) => slice.metadata.deletionTimestamp === undefined)
    const plan = planEndpointSlices(service, pods, existing, zoneOf)
    for (const slice of plan.update)
      this.#view.wrote(await this.#client.update(Resource.endpointSlice, slice))
    for (const slice of plan.create)
      this.#view.wrote(await this.#client.create(Resource.endpointSlice, slice))
    for (const slice of plan.remove) await this.#remove(slice)
  }

  async #remove(slice: EndpointSlice): Promise<void> {
    try {
      if (await this.#client.delete(Resource.endpointSlice, refOf(slice))) this.#view.deleted(slice)
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}

function isManaged(service: Service): boolean {
  return service.spec?.type !== 'ExternalName' && Object.keys(service.spec?.selector ?? {}).length > 0
}

function podsOf(service: Service, pods: Store<WorkloadPod>): WorkloadPod[] {
  return pods
    .list(service.metadata.namespace)
    .filter((pod) => matchesLabels(service.spec?.selector, pod.metadata.labels))
}

/** A change of a Pod concerns the Services that select it. */
function selectingServices(stores: ControllerDeps['stores']): ReconcilerSource {
  return source(stores.pods, ({ metadata }) =>
    stores.services
      .list(metadata.namespace)
      .filter((service) => matchesLabels(service.spec?.selector, metadata.labels))
      .map((service) => keyOf(metadata.namespace, service.metadata.name)),
  )
}

/** A node that is given another zone concerns the Services with pods there. */
function servicesOfNodes({ nodes, pods, services }: ControllerDeps['stores']): ReconcilerSource {
  return source(nodes, ({ metadata }) => {
    const there = pods.list().filter(({ spec }) => spec?.nodeName === metadata.name)
    return services
      .list()
      .filter((service) => there.some((pod) => selects(service, pod)))
      .map((service) => keyOf(service.metadata.namespace, service.metadata.name))
  })
}

function selects({ metadata, spec }: Service, pod: WorkloadPod): boolean {
  return metadata.namespace === pod.metadata.namespace && matchesLabels(spec?.selector, pod.metadata.labels)
}

function zoneLabel(node: ClusterNode | undefined): string | undefined {
  return node?.metadata.labels?.['topology.kubernetes.io/zone']
}

/** A slice of ours that somebody changed or removed is put right. */
function sliceServices(slices: Store<EndpointSlice>): ReconcilerSource {
  return source(slices, (slice) => {
    const service = serviceOf(slice)
    return service === undefined ? [] : [keyOf(slice.metadata.namespace, service)]
  })
}

/** The Service a slice of this controller belongs to. */
function serviceOf(slice: EndpointSlice): string | undefined {
  const labels = slice.metadata.labels
  return labels?.[Label.managedBy] === ENDPOINT_SLICE_MANAGER ? labels[Label.kubeServiceName] : undefined
}
