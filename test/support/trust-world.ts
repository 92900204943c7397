/**
 * Clusters with embedded API servers, each with the real trust controllers. What control sessions would carry between
 * them, facts and trust statements, is handed over in memory; a cluster can be cut off.
 */
import { X509Certificate } from 'node:crypto'
import type { ClusterProperty } from '../../src/api/mcs.ts'
import { ClusterPropertyName, SYSTEM_NAMESPACE } from '../../src/api/names.ts'
import { Resource } from '../../src/api/resources.ts'
import type { Directory, OriginState, TrustFacts } from '../../src/api/service-record.ts'
import { TRUST, type Trust, TrustSecret, type TrustSpec } from '../../src/api/trust.ts'
import { type Clock, systemClock } from '../../src/core/clock.ts'
import { Lifecycle } from '../../src/core/lifecycle.ts'
import { silentLogger } from '../../src/core/log.ts'
import { createMetrics, type Metrics } from '../../src/core/metrics.ts'
import { Snapshot } from '../../src/core/snapshot.ts'
import type { NewEvent } from '../../src/kube/events.ts'
import { reflect } from '../../src/kube/reflector.ts'
import type { WatchingKubeClient } from '../../src/kube/types.ts'
import { TlsFiles } from '../../src/link/tls-files.ts'
import { createClusterAuthority } from '../../src/pki/cluster-authority.ts'
import { type AuthorityMaterial, loadAuthority, saveAuthority } from '../../src/trust/authority-secret.ts'
import { ControllerCredentials } from '../../src/trust/controller-credentials.ts'
import { memberOf, registerMember } from '../../src/trust/members.ts'
import { loadRoot } from '../../src/trust/root-secret.ts'
import { readSecret, type SecretObject } from '../../src/trust/secrets.ts'
import { TrustLead } from '../../src/trust/trust-lead.ts'
import { trustMetrics } from '../../src/trust/trust-metrics.ts'
import { trustStores } from '../../src/trust/trust-stores.ts'
import { ApiCluster } from './api-cluster.ts'

const CLUSTERSET = 'shop'
const REF = { namespace: SYSTEM_NAMESPACE, name: TRUST }

export class TrustWorld implements AsyncDisposable {
  readonly clusters = new Map<string, TrustCluster>()
  readonly #cut = new Set<string>()
  #ahead = 0

  /** The time of all clusters. Timers run as ever. */
  readonly clock: Clock = { ...systemClock, now: () => Date.now() + this.#ahead }

  /** A cluster whose controllers run. */
  async cluster(name: string, spec?: TrustSpec): Promise<TrustCluster> {
    const cluster = await TrustCluster.start(name, this.clock, spec)
    this.clusters.set(name, cluster)
    cluster.facts.subscribe(() => this.#spread())
    cluster.tls.trust.newest.subscribe(() => this.#flood())
    this.#spread()
    this.#flood()
    return cluster
  }

  /** A member of the clusterset that `founder` founded, as if it had joined. */
  async member(name: string, founder: TrustCluster, spec?: TrustSpec): Promise<TrustCluster> {
    const cluster = await this.cluster(name, spec)
    await cluster.take(await founder.admit(name, this.clock))
    return cluster
  }

  cut(name: string): void {
    this.#cut.add(name)
    this.#spread()
  }

  heal(name: string): void {
    this.#cut.delete(name)
    this.#spread()
    this.#flood()
  }

  /** Moves the time of all clusters on, and has them look. */
  async advance(ms: number): Promise<void> {
    this.#ahead += ms
    await Promise.all([...this.clusters.values()].map((cluster) => cluster.nudge()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.clusters.values()].map((cluster) => cluster[Symbol.asyncDispose]()))
  }

  /** What a cluster knows stays when it is cut off; nothing new comes. */
  #spread(): void {
    const connected = [...this.clusters.values()].filter(({ name }) => !this.#cut.has(name))
    for (const cluster of connected) {
      const next = new Map(cluster.directory.current())
      for (const other of connected) next.set(other.name, originOf(other))
      cluster.directory.set(next)
    }
  }

  #flood(): void {
    const connected = [...this.clusters.values()].filter(({ name }) => !this.#cut.has(name))
    for (const from of connected) {
      const newest = from.tls.trust.newest.current()
      if (newest === undefined) continue
      for (const to of connected) if (to !== from && to.hasCertificate) to.tls.trust.offer(newest)
    }
  }
}

export class TrustCluster implements AsyncDisposable {
  readonly name: string
  readonly client: WatchingKubeClient
  readonly facts: Snapshot<TrustFacts>
  readonly directory: Snapshot<Directory>
  readonly tls: TlsFiles
  readonly metrics: Metrics
  /** Every event, as `reason: note`. */
  readonly events: string[]
  readonly #api: ApiCluster
  readonly #parts: Lifecycle

  private constructor(
    name: string,
    api: ApiCluster,
    parts: Pick<TrustCluster, 'facts' | 'directory' | 'tls' | 'metrics' | 'events'>,
    lifecycle: Lifecycle,
  ) {
    this.name = name
    this.client = api.client
    this.facts = parts.facts
    this.directory = parts.directory
    this.tls = parts.tls
    this.metrics = parts.metrics
    this.events = parts.events
    this.#api = api
    this.#parts = lifecycle
  }

  static async start(name: string, clock: Clock, spec?: TrustSpec): Promise<TrustCluster> {
    const api = await ApiCluster.start()
    await api.namespace(SYSTEM_NAMESPACE)
    await setProperties(api.client, name)
    if (spec !== undefined) await api.client.create<Trust>(Resource.trust, { metadata: REF, spec })
    const { client } = api
    const watching = { client, clock, log: silentLogger }
    const stores = trustStores(watching, SYSTEM_NAMESPACE)
    const properties = reflect<ClusterProperty>(watching, Resource.clusterProperty)
    const credentials = new ControllerCredentials({ ...watching, stores }, SYSTEM_NAMESPACE)
    const tls = new TlsFiles({ clock, logger: silentLogger }, credentials)
    const facts = new Snapshot<TrustFacts>({})
    const directory = new Snapshot<Directory>(new Map())
    const metrics = createMetrics()
    trustMetrics({ stores, metrics, clock, ownEnd: () => credentials.ends })
    const events: string[] = []
    const record = (_: unknown, { reason, note }: NewEvent) => void events.push(`${reason}: ${note}`)
    const lead = new TrustLead(
      { ...watching, stores, properties, directory, told: tls.trust.newest, events: { record }, facts },
      { namespace: SYSTEM_NAMESPACE, globalnet: false },
    )
    const begin = { start: async () => lead.begin(), stop: async () => {} }
    const parts = [...Object.values(stores), properties, credentials, tls, lead, begin]
    const lifecycle = new Lifecycle(parts)
    await lifecycle.start()
    return new TrustCluster(name, api, { facts, directory, tls, metrics, events }, lifecycle)
  }

  get hasCertificate(): boolean {
    return this.tls.notReady().length === 0
  }

  async trust(): Promise<Trust> {
    return (await this.client.get<Trust>(Resource.trust, REF)) ?? { metadata: {} }
  }

  /** `True`, `False` or undefined of a condition, with its reason and message. */
  async condition(type: string): Promise<string> {
    const { status } = await this.trust()
    const found = status?.conditions?.find((each) => each.type === type)
    return found === undefined ? 'absent' : `${found.status} ${found.reason}: ${found.message}`
  }

  async change(spec: TrustSpec): Promise<void> {
    await this.client.patch(Resource.trust, REF, 'merge', { spec })
  }

  secret(name: string): Promise<SecretObject | undefined> {
    return readSecret(this.client, { namespace: SYSTEM_NAMESPACE, name })
  }

  async authority(): Promise<AuthorityMaterial> {
    const material = await loadAuthority(this.client, SYSTEM_NAMESPACE)
    if (material === undefined) throw new Error(`${this.name} has no authority`)
    return material
  }

  /** Chain of the routers, leaf first. */
  async routerChain(): Promise<X509Certificate[]> {
    const secret = await this.secret(TrustSecret.router)
    const pem = Buffer.from(secret?.data?.['tls.crt'] ?? '', 'base64').toString()
    return (pem.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []).map(
      (block) => new X509Certificate(block),
    )
  }

  /** What a cluster gets that joins this one's clusterset. */
  async admit(cluster: string, clock: Clock): Promise<AuthorityMaterial> {
    const root = await loadRoot(this.client, SYSTEM_NAMESPACE)
    if (root === undefined) throw new Error(`${this.name} has no root`)
    const own = await this.authority()
    const rules = { clusterset: CLUSTERSET, cluster, days: 365 }
    const { certPem, keyPem } = await createClusterAuthority(root.active, rules, clock.now())
    const registry = { client: this.client, clock, namespace: SYSTEM_NAMESPACE }
    const outcome = await registerMember(registry, memberOf(new X509Certificate(certPem)), () => false)
    if (outcome.kind !== 'registered') throw new Error(`${cluster}: ${outcome.kind}`)
    return { roots: own.roots, statement: own.statement, certificate: certPem, key: keyPem }
  }

  async take(material: AuthorityMaterial): Promise<void> {
    await saveAuthority(this.client, SYSTEM_NAMESPACE, material)
  }

  /** Has the controller look again: something that no store tells has changed. */
  async nudge(): Promise<void> {
    const trust = await this.client.get<Trust>(Resource.trust, REF)
    if (trust === undefined) return
    const annotations = { 'test/look': String(Math.random()) }
    await this.client.patch(Resource.trust, REF, 'merge', { metadata: { annotations } })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.stop()
    await this.#api[Symbol.asyncDispose]()
  }
}

function originOf({ name, facts }: TrustCluster): OriginState {
  return { cluster: name, epoch: 1, sequence: 1, records: new Map(), facts: facts.current() }
}

async function setProperties(client: WatchingKubeClient, cluster: string): Promise<void> {
  const values = {
    [ClusterPropertyName.clusterId]: cluster,
    [ClusterPropertyName.clusterset]: CLUSTERSET,
  }
  for (const [name, value] of Object.entries(values))
    await client.create<ClusterProperty>(Resource.clusterProperty, { metadata: { name }, spec: { value } })
}
