/**
 * What the router would do with new flows of a service, as it decides itself: each port with the clusters it may go to
 * and those that are left out, or with each endpoint where the service is headless. Reads, and counts nothing.
 */
import { isVisibleTo } from '../api/access-policy.ts'
import { type MergedPort, mergePorts, type PortKey, portKey } from '../api/merged-ports.ts'
import type { ServiceKey } from '../api/names.ts'
import { TraceRefusal } from '../api/network-report.ts'
import type { Protocol } from '../api/objects.ts'
import type { EndpointName, ListenerSpec, RouteSnapshot } from '../api/route-snapshot.ts'
import { type ClusterExport, compareExports } from '../api/service-record.ts'
import type { ExplainedTarget, RoutedTarget } from './cluster-routes.ts'
import type { ExporterIndex } from './endpoints/exporter-index.ts'
import { exportedPort } from './endpoints/service-target.ts'

/** One endpoint of a headless service. */
export interface ExplainedEndpoint extends EndpointName {
  /** Absent: it takes new flows. */
  readonly refusal?: TraceRefusal
  readonly awaited: boolean
  readonly openFlows: number
}

/** One port of an import. */
export interface NumberedPort {
  /** Empty: it has none. */
  readonly name: string
  readonly port: number
  readonly protocol: Protocol
}

/** One that can be asked about: nothing is computed before. */
export interface ExplainablePort extends NumberedPort {
  /** Looks at so many endpoints at most. */
  readonly explain: (maxEndpoints: number) => ExplainedPort
}

export interface ExplainedPort extends NumberedPort, ExplainedTarget {
  readonly affinityMs?: number
  /** Of a headless service: clients choose among them. */
  readonly headless?: ExplainedEndpoints
}

export interface ExplainedEndpoints {
  /** That export it, also those without an endpoint. */
  readonly clusters: readonly string[]
  readonly endpoints: readonly ExplainedEndpoint[]
  /** Endpoints that were not looked at. */
  readonly omitted: number
}

export interface ExplainDeps {
  /** This router's own cluster id. */
  readonly self: string
  readonly snapshot: RouteSnapshot
  readonly exporters: ExporterIndex
  /** `ClusterRoutes.explain`. */
  readonly explain: (target: RoutedTarget) => ExplainedTarget
}

/** The ports of an import; none when the service is not imported. */
export function explainService(deps: ExplainDeps, service: ServiceKey): ExplainablePort[] {
  const listeners = deps.snapshot.listeners.filter((spec) => spec.service === service)
  const exports = exportsOf(deps.exporters, service)
  const merged = mergePorts(exports.map(({ record }) => record))
  const whole = listeners.filter(({ endpoint }) => endpoint === undefined)
  const names = new Map(merged.map((port) => [portKey(port), port.name]))
  if (whole.length > 0)
    return whole.map((spec) => {
      const { port, protocol } = spec
      const numbered = { name: names.get(portKey(spec)) ?? '', port, protocol }
      return { ...numbered, explain: () => explainPort(deps, spec, numbered) }
    })
  if (listeners.length === 0 && isHidden(deps, exports)) return hiddenPorts(deps, service, merged)
  if (listeners.length === 0 && !isHeadlessImport(deps, service, exports)) return []
  return portsOf(listeners, merged).map((port) => ({
    ...port,
    explain: (max) => explainHeadless(deps, { service, listeners, exports, ...port }, max),
  }))
}

/** Who exports the service, the oldest export first. */
function exportsOf(exporters: ExporterIndex, service: ServiceKey): ClusterExport[] {
  const found: ClusterExport[] = []
  for (const cluster of exporters.exportersOf(service)) {
    const record = exporters.directory.get(cluster)?.records.get(service)
    if (record !== undefined) found.push({ cluster, record })
  }
  return found.sort(compareExports)
}

function explainPort({ explain }: ExplainDeps, spec: ListenerSpec, port: NumberedPort): ExplainedPort {
  const { affinity } = spec
  const { tiers, refused } = explain(spec)
  return {
    ...port,
    ...(affinity === undefined ? {} : { affinityMs: affinity.timeoutMs }),
    tiers,
    // Ourselves, when we do not export it: nobody would ask why.
    refused: refused.filter(({ refusal }) => refusal !== TraceRefusal.notExported),
  }
}

/** Policies of all clusters that export it let none of our clients call, so that it is not imported. */
function isHidden({ self }: ExplainDeps, exports: readonly ClusterExport[]): boolean {
  return exports.length > 0 && !exports.some((exported) => isVisibleTo(self, exported))
}

function hiddenPorts(
  deps: ExplainDeps,
  service: ServiceKey,
  merged: readonly MergedPort[],
): ExplainablePort[] {
  return merged.map(({ name, port, protocol }) => {
    const spec = { service, port, protocol, listenPort: 0, addresses: [] }
    return { name, port, protocol, explain: () => explainPort(deps, spec, { name, port, protocol }) }
  })
}

// Headless services

/**
 * Without an endpoint in another cluster an import has no listener. It is one all the same where its namespace is,
 * which our controller tells; without its word only of what we export ourselves.
 */
function isHeadlessImport(
  { self, snapshot, exporters }: ExplainDeps,
  service: ServiceKey,
  [oldest]: readonly ClusterExport[],
): boolean {
  if (oldest?.record.type !== 'Headless') return false
  if (snapshot.exports.has(service)) return true
  const facts = exporters.directory.get(self)?.facts
  return facts !== undefined && facts.missingNamespaces?.includes(oldest.record.namespace) !== true
}

/** Those of the exports that routers carry, and those whose exports have just gone. */
function portsOf(listeners: readonly ListenerSpec[], merged: readonly MergedPort[]): NumberedPort[] {
  const ports = new Map<PortKey, NumberedPort>()
  for (const { name, port, protocol } of merged) {
    if (protocol !== 'SCTP') ports.set(portKey({ port, protocol }), { name, port, protocol })
  }
  for (const { port, protocol } of listeners) {
    const key = portKey({ port, protocol })
    if (!ports.has(key)) ports.set(key, { name: '', port, protocol })
  }
  return [...ports.values()]
}

interface HeadlessPort extends NumberedPort {
  readonly service: ServiceKey
  readonly listeners: readonly ListenerSpec[]
  readonly exports: readonly ClusterExport[]
}

function explainHeadless(deps: ExplainDeps, headless: HeadlessPort, max: number): ExplainedPort {
  const { name, port, protocol, exports } = headless
  const targets = [...endpointTargets(deps, headless).values()].sort(byClusterAndId)
  const clusters = new Set([
    ...exports.map(({ cluster }) => cluster),
    ...targets.map(({ endpoint }) => endpoint.cluster),
  ])
  const endpoints = targets.slice(0, max).map((target) => explainEndpoint(deps, target))
  return {
    name,
    port,
    protocol,
    tiers: [],
    refused: [],
    headless: { clusters: [...clusters].sort(), endpoints, omitted: targets.length - endpoints.length },
  }
}

interface EndpointTarget extends RoutedTarget {
  readonly endpoint: EndpointName
  /** Clients have an address for it. */
  readonly isAddressed: boolean
}

/** The endpoints with a port of the router, those that are only told of, and those of our own cluster. */
function endpointTargets(
  { self, snapshot }: ExplainDeps,
  { service, port, protocol, listeners, exports }: HeadlessPort,
): Map<string, EndpointTarget> {
  const targets = new Map<string, EndpointTarget>()
  const add = (endpoint: EndpointName, isAddressed: boolean): void => {
    const key = `${endpoint.cluster}/${endpoint.id}`
    if (!targets.has(key)) targets.set(key, { service, port, protocol, endpoint, isAddressed })
  }
  for (const spec of listeners) {
    const isOfPort = spec.port === port && spec.protocol === protocol
    if (isOfPort && spec.endpoint !== undefined) add(spec.endpoint, true)
  }
  for (const { cluster, record } of exports) {
    if (cluster === self) continue
    for (const { id } of record.endpoints ?? []) add({ cluster, id }, false)
  }
  const own = exportedPort(snapshot.exports, { service, port, protocol })
  for (const { endpoint: id } of own?.backends ?? []) if (id !== undefined) add({ cluster: self, id }, true)
  return targets
}

function explainEndpoint({ explain }: ExplainDeps, target: EndpointTarget): ExplainedEndpoint {
  const { tiers, refused } = explain(target)
  const [candidate] = tiers.flat()
  const [refusal] = refused
  const told = {
    ...target.endpoint,
    awaited: refusal?.awaited === true,
    openFlows: candidate?.openFlows ?? 0,
  }
  if (refusal !== undefined) return { ...told, refusal: refusal.refusal }
  return target.isAddressed ? told : { ...told, refusal: TraceRefusal.noAddress }
}

/** web-9 before web-10. */
function byClusterAndId({ endpoint: one }: EndpointTarget, { endpoint: other }: EndpointTarget): number {
  if (one.cluster !== other.cluster) return one.cluster < other.cluster ? -1 : 1
  return one.id.length - other.id.length || (one.id < other.id ? -1 : 1)
}
