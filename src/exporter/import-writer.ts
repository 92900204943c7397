/**
 * Writes the objects of one import: what is there already is not written again, what does not depend on each other is
 * written at the same time.
 */
import type { ServiceImport } from '../api/mcs.ts'
import { Annotation, type ServiceKey } from '../api/names.ts'
import type { EndpointSlice, KubeObject, OwnerReference, Service } from '../api/objects.ts'
import { apiVersion, Resource } from '../api/resources.ts'
import type { Clock } from '../core/clock.ts'
import { inParallel } from '../core/parallel.ts'
import { OwnedObjects, type WritingClient } from '../kube/owned-objects.ts'
import { ensureAddressed } from './addressed-service.ts'
import { clusterIps, derivedFrom, derivedService } from './derived-service.ts'
import { EndpointWriter } from './endpoint-writer.ts'
import { headlessFamilies } from './headless-families.ts'
import { type ImportFacts, importObject, importStatus } from './import-object.ts'
import { importSlices, type SliceInputs } from './import-slices.ts'
import { addressRequest, servedFamilies } from './ip-families.ts'
import { ENDPOINT_WRITERS } from './limits.ts'
import { importAspect, importStatusAspect, sliceAspect } from './owned-kinds.ts'
import type { RemoteEndpoint } from './remote-endpoints.ts'
import { type ControllerStores, Index, importOfService, importOfSlice, keyOf, splitKey } from './stores.ts'

/** Field manager of all that imports consist of. */
const IMPORTER = 'fairlead-importer'

/** The objects that an import has now. */
export interface ImportObjects {
  readonly import: ServiceImport | undefined
  readonly services: readonly Service[]
  readonly slices: readonly EndpointSlice[]
}

export interface ImportWriterDeps {
  readonly client: WritingClient
  readonly stores: Pick<ControllerStores, 'imports' | 'services' | 'slices'>
  readonly clock: Clock
}

/** What `write` is told; the owner follows from the import itself. */
export type ImportInputs = Omit<SliceInputs, 'owner' | 'families'> & {
  readonly facts: ImportFacts
  /** Endpoints of other clusters, of a headless import. */
  readonly endpoints: readonly RemoteEndpoint[]
}

export class ImportWriter {
  readonly #clock: Clock
  readonly #imports: OwnedObjects<ServiceImport>
  readonly #services: OwnedObjects<Service>
  readonly #slices: OwnedObjects<EndpointSlice>
  readonly #endpoints: EndpointWriter

  constructor({ client, stores, clock }: ImportWriterDeps) {
    const fieldManager = IMPORTER
    this.#clock = clock
    this.#imports = new OwnedObjects(
      { client, clock, store: stores.imports },
      {
        type: Resource.serviceImport,
        fieldManager,
        importOf: (object) => [keyOf(object)],
        ofImport: (store, key) => [store.get(splitKey(key))].filter((found) => found !== undefined),
      },
    )
    this.#services = new OwnedObjects(
      { client, clock, store: stores.services },
      {
        type: Resource.service,
        fieldManager,
        importOf: importOfService,
        ofImport: (store, key) => store.byIndex(Index.import, key),
      },
    )
    this.#slices = new OwnedObjects(
      { client, clock, store: stores.slices },
      {
        type: Resource.endpointSlice,
        fieldManager,
        importOf: importOfSlice,
        ofImport: (store, key) => store.byIndex(Index.import, key),
      },
    )
    this.#endpoints = new EndpointWriter(this.#services, this.#slices, clock)
  }

  close(): void {
    for (const owned of [this.#imports, this.#services, this.#slices]) owned.close()
  }

  /** The objects as they are, with our own latest writes in them. */
  read(key: ServiceKey): ImportObjects {
    return {
      import: this.#imports.get(splitKey(key)),
      services: this.#services.ofImport(key),
      slices: this.#slices.ofImport(key),
    }
  }

  /**
   * Import first, because the others name it as their owner; then the derived Services and the slices together; then
   * the import again with the address that the Service got, or the families of its endpoints, and its status.
   */
  async write(found: ImportObjects, inputs: ImportInputs): Promise<void> {
    const { merged } = inputs
    const known = mainService(found)
    const created = await this.#imports.ensure(
      importObject(merged, known ?? keptService(found), headlessFamilies(found.slices)),
      importAspect,
    )
    const owner = ownerOf(created)
    const families = servedFamilies(merged.ipFamilies, inputs.routers)
    const slices = importSlices({ ...inputs, owner, families: known?.spec?.ipFamilies ?? families })
    const addresses = addressRequest(families, keptAddresses(found))
    const wanted = derivedService(merged, inputs.listenPorts, owner, addresses)
    const [derived, endpoints] = await Promise.all([
      wanted === undefined ? undefined : ensureAddressed(this.#services, wanted, this.#clock),
      this.#endpoints.write(found, { ...inputs, owner }),
      ...slices.map((slice) => this.#slices.ensure(slice, sliceAspect)),
    ])
    const allSlices = [...slices, ...endpoints.slices]
    const [current] = await Promise.all([
      this.#imports.ensure(importObject(merged, derived, headlessFamilies(allSlices)), importAspect),
      this.#removeSurplus(found, {
        services: [...(derived === undefined ? [] : [derived]), ...endpoints.services],
        slices: allSlices,
      }),
    ])
    const facts = { ...inputs.facts, endpoints: endpoints.facts }
    await this.#imports.ensure(
      importStatus(merged, derived, current, this.#clock.now(), facts),
      importStatusAspect,
    )
    throwFirst(endpoints.failures)
  }

  /** Removes all that serves the import. Not left to garbage collection: it takes its time. */
  async remove(found: ImportObjects): Promise<void> {
    const { import: existing } = found
    await Promise.all([
      existing === undefined ? undefined : this.#imports.remove(existing),
      this.#removeSurplus(found, { services: [], slices: [] }),
    ])
  }

  async #removeSurplus(
    found: ImportObjects,
    wanted: Pick<ImportObjects, 'services' | 'slices'>,
  ): Promise<void> {
    const removals = [
      ...surplus(found.slices, wanted.slices).map((slice) => () => this.#slices.remove(slice)),
      ...surplus(found.services, wanted.services).map((service) => () => this.#services.remove(service)),
    ]
    throwFirst(await inParallel(removals, ENDPOINT_WRITERS, (remove) => remove()))
  }
}

function surplus<T extends KubeObject>(found: readonly T[], wanted: readonly T[]): T[] {
  const names = new Set(wanted.map(({ metadata }) => metadata.name))
  return found.filter(({ metadata }) => !names.has(metadata.name))
}

/** What could be done is done: the work queue tries the rest again. */
function throwFirst(failures: readonly unknown[]): void {
  if (failures.length > 0) throw failures[0]
}

/** The derived Service of the import itself. */
function mainService({ services }: ImportObjects): Service | undefined {
  return services.find((service) => derivedFrom(service)?.endpoint === undefined)
}

function keptAddresses(found: ImportObjects): string[] {
  const present = clusterIps(mainService(found))
  return present.length > 0 ? present : ownAddresses(found.import)
}

/** Those that its derived Service gave it: a global address is nothing that a Service can ask for. */
function ownAddresses(existing: ServiceImport | undefined): string[] {
  const isGlobal = existing?.metadata.annotations?.[Annotation.globalIp] !== undefined
  return isGlobal ? [] : [...(existing?.spec?.ips ?? [])]
}

/** While a lost derived Service is made again, the import goes on naming the address it should come back under. */
function keptService({ import: existing }: ImportObjects): Service | undefined {
  const ips = ownAddresses(existing)
  const { ipFamilies } = existing?.spec ?? {}
  if (ips.length === 0) return undefined
  return { metadata: {}, spec: { clusterIPs: ips, ...(ipFamilies === undefined ? {} : { ipFamilies }) } }
}

function ownerOf({ metadata }: ServiceImport): OwnerReference {
  const { name = '', uid = '' } = metadata
  return { apiVersion: apiVersion(Resource.serviceImport), kind: Resource.serviceImport.kind, name, uid }
}
