/** A cluster with an embedded API server and the leading controller's work, and what users do to it. */
import type { ClusterProperty, ServiceExport, ServiceImport } from '../../src/api/mcs.ts'
import { Label, SYSTEM_NAMESPACE, serviceKey } from '../../src/api/names.ts'
import type { Condition, Endpoint, EndpointSlice, Service, ServicePort } from '../../src/api/objects.ts'
import { Resource } from '../../src/api/resources.ts'
import { systemClock } from '../../src/core/clock.ts'
import { silentLogger } from '../../src/core/log.ts'
import { createMetrics } from '../../src/core/metrics.ts'
import type { DirectoryLink } from '../../src/exporter/directory-link.ts'
import { ExportController } from '../../src/exporter/export-controller.ts'
import { derivedServiceName } from '../../src/exporter/import-names.ts'
import { allSynced, type ControllerStores, controllerStores } from '../../src/exporter/stores.ts'
import { podsOf } from '../../src/globalnet/contested-pods.ts'
import { Globalnet } from '../../src/globalnet/globalnet-feed.ts'
import { type GlobalnetStores, globalnetStores } from '../../src/globalnet/globalnet-stores.ts'
import type { LocalNetworks } from '../../src/globalnet/globalnet-view.ts'
import { ApiError } from '../../src/kube/errors.ts'
import { EventRecorder } from '../../src/kube/events.ts'
import type { WatchingKubeClient } from '../../src/kube/types.ts'
import { ApiCluster } from './api-cluster.ts'
import { eventually } from './eventually.ts'

/** All that one import consists of. */
export interface ImportSet {
  readonly import: ServiceImport | undefined
  readonly service: Service | undefined
  readonly slices: readonly EndpointSlice[]
}

/** All that one remote endpoint of a headless import consists of. */
export interface EndpointSet {
  readonly service: Service
  readonly slice: EndpointSlice | undefined
}

interface Running {
  readonly controller: ExportController
  readonly stores: ControllerStores
  readonly events: EventRecorder
  readonly globalnet: GlobalnetStores | undefined
}

/** The API server under a controller. */
export interface ClusterApi extends AsyncDisposable {
  readonly client: WatchingKubeClient
  namespace(name: string): Promise<void>
}

export class ExporterCluster<A extends ClusterApi = ApiCluster> implements AsyncDisposable {
  readonly api: A
  readonly name: string
  /** `verb resource name` of each write that the controller made. */
  readonly writes: string[] = []
  /** Writes that the API server takes for forbidden. */
  refuses: (write: string) => boolean = () => false
  /** Of controllers started from now on. */
  staleAfterMs = 60_000
  /** Whether controllers started from now on give global addresses, and which addresses of theirs others must not have. */
  globalnet = false
  local: LocalNetworks = { podCidrs: [], serviceCidrs: [], nodeAddresses: [] }
  readonly #link: DirectoryLink
  #running: Running | undefined

  private constructor(api: A, name: string, link: DirectoryLink) {
    this.api = api
    this.name = name
    this.#link = link
  }

  /** With namespaces demo and fairlead-system, one router at 10.244.0.5, and a running controller. */
  static async start(
    name: string,
    link: DirectoryLink,
    options: { readonly durable?: boolean } = {},
  ): Promise<ExporterCluster> {
    return await ExporterCluster.on(await ApiCluster.start(options), name, link)
  }

  /** The same on an API server that is there and has the product's definitions. */
  static async on<A extends ClusterApi>(
    api: A,
    name: string,
    link: DirectoryLink,
  ): Promise<ExporterCluster<A>> {
    const cluster = new ExporterCluster(api, name, link)
    await cluster.api.namespace('demo')
    await cluster.api.namespace(SYSTEM_NAMESPACE)
    await cluster.setEndpoints('fairlead-router', ['10.244.0.5'], 5671, SYSTEM_NAMESPACE)
    await cluster.startController()
    return cluster
  }

  get client(): WatchingKubeClient {
    return this.api.client
  }

  async startController(): Promise<void> {
    const { client } = this
    const deps = { client, clock: systemClock, log: silentLogger }
    const stores = controllerStores(deps)
    for (const store of Object.values(stores)) await store.start()
    await allSynced(stores, AbortSignal.timeout(10_000))
    const events = new EventRecorder(deps, { controller: 'fairlead.dev/controller', instance: 'test' })
    const globalnet = this.globalnet ? globalnetStores(deps) : undefined
    for (const store of Object.values(globalnet ?? {})) await store.start()
    const counting = this.#counting(client)
    const directory = this.#link.directory
    const feed =
      globalnet &&
      new Globalnet(
        {
          ...deps,
          metrics: createMetrics(),
          client: counting,
          stores: globalnet,
          podsOf: podsOf(deps),
          events,
          directory,
          local: () => this.local,
        },
        () => this.name,
      )
    await feed?.whenSynced(AbortSignal.timeout(10_000))
    const controller = new ExportController(
      { ...deps, client: counting, stores, events, link: this.#link, ...(feed && { globalnet: feed }) },
      { cluster: this.name, namespace: SYSTEM_NAMESPACE, staleAfterMs: this.staleAfterMs },
    )
    await events.start()
    await controller.start()
    this.#running = { controller, stores, events, globalnet }
  }

  /** What the running controller counts. */
  get figures(): ExportController['figures'] {
    if (this.#running === undefined) throw new Error('no controller runs')
    return this.#running.controller.figures
  }

  async stopController(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    this.#running = undefined
    await running.controller.stop()
    await running.events.stop()
    const stores = [...Object.values(running.stores), ...Object.values(running.globalnet ?? {})]
    await Promise.all(stores.map((store) => store.stop()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopController()
    await this.api[Symbol.asyncDispose]()
  }

  /** A Service without selector: its endpoints are set by hand. */
  async createService(name: string, ports: ServicePort[], spec: Service['spec'] = {}): Promise<void> {
    await this.client.create<Service>(Resource.service, {
      metadata: { name, namespace: 'demo' },
      spec: { ports, ...spec },
    })
  }

  async setEndpoints(name: string, addresses: string[], port: number, namespace = 'demo', ready = true) {
    await this.client.apply<EndpointSlice>(
      Resource.endpointSlice,
      {
        metadata: { name: `${name}-1`, namespace, labels: { [Label.kubeServiceName]: name } },
        addressType: 'IPv4',
        endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready } })),
        ports: [{ name: 'http', protocol: 'TCP', port }],
      },
      { fieldManager: 'test' },
    )
  }

  /** A headless Service with port 80 named http and these endpoints, exported. */
  async exportHeadless(name: string, endpoints: readonly Endpoint[]): Promise<void> {
    await this.createService(name, [{ name: 'http', protocol: 'TCP', port: 80 }], { clusterIP: 'None' })
    await this.setPods(name, endpoints)
    await this.createExport(name)
  }

  /** All endpoints of a Service, at port 8080. */
  async setPods(name: string, endpoints: readonly Endpoint[]): Promise<void> {
    await this.client.apply<EndpointSlice>(
      Resource.endpointSlice,
      {
        metadata: { name: `${name}-1`, namespace: 'demo', labels: { [Label.kubeServiceName]: name } },
        addressType: 'IPv4',
        endpoints: [...endpoints],
        ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
      },
      { fieldManager: 'test' },
    )
  }

  /** What serves each remote endpoint of a headless import, by `<cluster>/<id>`. */
  async endpointSets(name: string): Promise<ReadonlyMap<string, EndpointSet>> {
    const labelSelector = `${Label.derivedFrom}=${name}`
    const [services, slices] = await Promise.all([
      this.client.list<Service>(Resource.service, { namespace: 'demo', labelSelector }),
      this.client.list<EndpointSlice>(Resource.endpointSlice, { namespace: 'demo', labelSelector }),
    ])
    const byName = new Map(slices.items.map((slice) => [slice.metadata.name, slice]))
    return new Map(
      services.items.map((service) => {
        const { labels = {} } = service.metadata
        const key = `${labels[Label.endpointCluster]}/${labels[Label.endpoint]}`
        return [key, { service, slice: byName.get(service.metadata.name) }]
      }),
    )
  }

  /** A Service with port 80 named http, one endpoint, exported. */
  async exportService(name: string, addresses = ['10.244.0.9']): Promise<void> {
    await this.createService(name, [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 8080 }])
    await this.setEndpoints(name, addresses, 8080)
    await this.createExport(name)
  }

  async createExport(name: string, spec: ServiceExport['spec'] = {}): Promise<void> {
    await this.client.create<ServiceExport>(Resource.serviceExport, {
      metadata: { name, namespace: 'demo' },
      spec,
    })
  }

  /** Makes or changes a ClusterProperty. */
  async setProperty(name: string, value: string): Promise<void> {
    await this.client.apply<ClusterProperty>(
      Resource.clusterProperty,
      { metadata: { name }, spec: { value } },
      { fieldManager: 'test' },
    )
  }

  async unexport(name: string): Promise<void> {
    await this.client.delete(Resource.serviceExport, { namespace: 'demo', name })
  }

  async conditions(name: string): Promise<Record<string, Condition>> {
    const found = await this.client.get<ServiceExport>(Resource.serviceExport, { namespace: 'demo', name })
    return Object.fromEntries((found?.status?.conditions ?? []).map((each) => [each.type, each]))
  }

  async importSet(name: string, namespace = 'demo'): Promise<ImportSet> {
    const derived = derivedServiceName(serviceKey(namespace, name))
    const [found, service, slices] = await Promise.all([
      this.client.get<ServiceImport>(Resource.serviceImport, { namespace, name }),
      this.client.get<Service>(Resource.service, { namespace, name: derived }),
      this.client.list<EndpointSlice>(Resource.endpointSlice, {
        namespace,
        labelSelector: `${Label.serviceName}=${name}`,
      }),
    ])
    return { import: found, service, slices: slices.items }
  }

  /** Waits until the import says that it can be used. */
  async whenReady(name: string, namespace = 'demo'): Promise<ImportSet> {
    return await eventually(async () => {
      const set = await this.importSet(name, namespace)
      const ready = set.import?.status?.conditions?.find(({ type }) => type === 'Ready')
      if (ready?.status !== 'True')
        throw new Error(`import ${name} of ${this.name}: ${JSON.stringify(ready)}`)
      return set
    })
  }

  /** Waits until nothing of the import is left. */
  async whenGone(name: string): Promise<void> {
    await eventually(async () => {
      const set = await this.importSet(name)
      const left = [set.import, set.service, ...set.slices].filter((each) => each !== undefined)
      if (left.length > 0)
        throw new Error(`left of ${name}: ${left.map((each) => each.metadata.name).join()}`)
    })
  }

  /** Waits until the controller has written nothing for a while: it has come to rest. */
  async whenQuiet(): Promise<void> {
    let before = -1
    await eventually(
      () => {
        const still = before === this.writes.length
        before = this.writes.length
        return still
      },
      { every: 300 },
    )
  }

  #counting(client: WatchingKubeClient): WatchingKubeClient {
    const note = (verb: string, plural: string, name: string | undefined): void => {
      const write = `${verb} ${plural} ${name ?? ''}`
      this.writes.push(write)
      if (this.refuses(write)) throw new ApiError(403, { reason: 'Forbidden' }, write)
    }
    return {
      ...bind(client),
      apply: async (type, object, options) => {
        const verb = options.subresource === undefined ? 'apply' : 'apply-status'
        note(verb, type.plural, object.metadata.name)
        return await client.apply(type, object, options)
      },
      patch: async (type, ref, ...rest) => {
        note('patch', type.plural, ref.name)
        return await client.patch(type, ref, ...rest)
      },
      delete: async (type, ref, options) => {
        note('delete', type.plural, ref.name)
        return await client.delete(type, ref, options)
      },
    }
  }
}

/** The methods of a client as properties, so that some can be replaced. */
function bind(client: WatchingKubeClient): WatchingKubeClient {
  return {
    get: (type, ref) => client.get(type, ref),
    list: (type, options) => client.list(type, options),
    create: (type, object) => client.create(type, object),
    update: (type, object, subresource) => client.update(type, object, subresource),
    patch: (...args) => client.patch(...args),
    apply: (type, object, options) => client.apply(type, object, options),
    delete: (type, ref, options) => client.delete(type, ref, options),
    raw: (path, signal) => client.raw(path, signal),
    watch: (type, options) => client.watch(type, options),
    close: () => client.close(),
  }
}
