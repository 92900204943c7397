/**
 * The RouteSnapshot of this cluster, from the Kubernetes API: for the router process, which knows no Kubernetes.
 */
import type { ServiceExport } from '../api/mcs.ts'
import { Label } from '../api/names.ts'
import type { Service } from '../api/objects.ts'
import { type ExportedPort, emptyRouteSnapshot, type RouteSnapshot } from '../api/route-snapshot.ts'
import { DEFAULT_TRAFFIC, type TrafficSettings } from '../api/traffic-settings.ts'
import { sameValue } from '../core/compare.ts'
import { describeError } from '../core/errors.ts'
import type { Startable } from '../core/lifecycle.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import type { ReflectorDeps } from '../kube/reflector.ts'
import type { StoreEvent } from '../kube/types.ts'
import { AccessView } from './access-view.ts'
import { type Coalesced, coalesce } from './coalesce.ts'
import { ExportedServices } from './exported-services.ts'
import { exportedPorts, linksOf, listenersOf } from './route-snapshot-builder.ts'
import { allSynced, keyOf, notSynced, type RouteStores, routeStores } from './stores.ts'
import { changedSettings, type Traffic, TrafficView } from './traffic-view.ts'

export interface RouteSource extends Startable {
  /** Not synced until the API was read once, and the last known state while it cannot be reached. */
  readonly snapshots: SnapshotSource<RouteSnapshot>
  /** Links, for those who write their status. */
  readonly links: RouteStores['links']
  /** EndpointSlices, the routers' own among them. */
  readonly slices: RouteStores['slices']
  /** ServicePolicies, for those who write what was refused. */
  readonly servicePolicies: RouteStores['servicePolicies']
  /** Names of the resources that were not read yet. */
  notReady(): string[]
}

export interface RouteSourceConfig {
  /** Where the Links and the routers are. */
  readonly namespace: string
  /** The one namespace whose services are exported and imported; undefined: all. */
  readonly watched?: string | undefined
}

/** Watches what a router needs. `start` returns at once: the API may be down, and is waited for. */
export function createRouteSource(deps: ReflectorDeps, config: RouteSourceConfig): RouteSource {
  return new WatchedRoutes(deps, routeStores(deps, config))
}

class WatchedRoutes implements RouteSource {
  readonly #deps: ReflectorDeps
  readonly #stores: RouteStores
  readonly #traffic: TrafficView
  readonly #access: AccessView
  readonly #exports: ExportedServices<readonly ExportedPort[]>
  readonly #current = new Snapshot<RouteSnapshot>(emptyRouteSnapshot)
  readonly #stopping = new AbortController()
  readonly #publish: Coalesced
  #unfollow: (() => void)[] = []
  #listeners: RouteSnapshot['listeners'] = []
  /** A derived Service changed since `#listeners` was made. */
  #listenersStale = true
  #links: RouteSnapshot['links'] = []
  #following: Promise<void> = Promise.resolve()

  constructor(deps: ReflectorDeps, stores: RouteStores) {
    this.#deps = deps
    this.#stores = stores
    this.#traffic = new TrafficView(stores)
    this.#access = new AccessView(stores)
    this.#exports = new ExportedServices(stores, (serviceExport, service, slices) =>
      exportedPorts(serviceExport, service, slices, this.#settingsOf(serviceExport)),
    )
    this.#publish = coalesce(() => this.#swap())
  }

  get snapshots(): SnapshotSource<RouteSnapshot> {
    return this.#current
  }

  get links(): RouteStores['links'] {
    return this.#stores.links
  }

  get slices(): RouteStores['slices'] {
    return this.#stores.slices
  }

  get servicePolicies(): RouteStores['servicePolicies'] {
    return this.#stores.servicePolicies
  }

  notReady(): string[] {
    return notSynced(this.#stores)
  }

  async start(): Promise<void> {
    await Promise.all(Object.values(this.#stores).map((store) => store.start()))
    this.#following = this.#follow()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#following
    this.#publish.cancel()
    for (const unfollow of this.#unfollow) unfollow()
    await this.#exports.stop()
    await this.#traffic.stop()
    await this.#access.stop()
    await Promise.all(Object.values(this.#stores).map((store) => store.stop()))
  }

  /** Nothing may be concluded from a part of the stores: the first snapshot waits for all of them. */
  async #follow(): Promise<void> {
    const { signal } = this.#stopping
    try {
      await allSynced(this.#stores, signal)
    } catch (error) {
      if (!signal.aborted) this.#deps.log.error({ error: describeError(error) }, 'routes cannot be followed')
      return
    }
    this.#unfollow = [
      this.#stores.services.subscribe((event) => this.#serviceChanged(event)),
      this.#stores.links.subscribe(() => this.#readLinks()),
      this.#exports.values.subscribe(() => this.#publish.request()),
      this.#traffic.traffic.subscribe((next, previous) => this.#trafficChanged(next, previous)),
      this.#access.access.subscribe(() => this.#publish.request()),
    ]
    await this.#traffic.start()
    await this.#access.start()
    await this.#exports.start()
    this.#readLinks()
    // All that was asked for until now is in it.
    this.#publish.cancel()
    this.#swap()
  }

  #settingsOf(serviceExport: ServiceExport): TrafficSettings {
    return this.#traffic.traffic.current().settings.get(keyOf(serviceExport)) ?? DEFAULT_TRAFFIC
  }

  #trafficChanged(next: Traffic, previous: Traffic): void {
    const changed = changedSettings(next, previous)
    if (changed.length === 0) return
    this.#exports.touch(changed)
    this.#publish.request()
  }

  #serviceChanged(event: StoreEvent<Service>): void {
    const touched = [event.object, ...(event.type === 'updated' ? [event.previous] : [])]
    if (!touched.some(isDerived)) return
    this.#listenersStale = true
    this.#publish.request()
  }

  #readLinks(): void {
    const links = linksOf(this.#stores.links.list())
    if (sameValue(links, this.#links)) return
    this.#links = links
    this.#publish.request()
  }

  #swap(): void {
    if (this.#listenersStale) {
      this.#listeners = listenersOf(this.#stores.services.list().filter(isDerived), this.#listeners)
    }
    this.#listenersStale = false
    this.#current.set({
      synced: true,
      listeners: this.#listeners,
      exports: this.#exports.values.current(),
      links: this.#links,
      traffic: this.#traffic.traffic.current().settings,
      access: this.#access.settled(),
    })
  }
}

function isDerived({ metadata }: Service): boolean {
  return metadata.labels?.[Label.derivedFrom] !== undefined
}
