/**
 * The EndpointSlices of an import: which of them carry traffic follows from locality and readiness. Local pods carry
 * it themselves where flows may go to nobody else, else the routers do, to all clusters that are chosen. Pure.
 */
import type { RankOf } from '../api/cluster-selectors.ts'
import { type MergedPort, type PortKey, portKey } from '../api/merged-ports.ts'
import { Label } from '../api/names.ts'
import type { EndpointPort, EndpointSlice, IPFamily, OwnerReference, Service } from '../api/objects.ts'
import type { ClusterExport } from '../api/service-record.ts'
import { Locality, type TrafficSettings } from '../api/traffic-settings.ts'
import { chosenClusters, isReadyIn } from './chosen-clusters.ts'
import { slicePortNames } from './derived-service.ts'
import { backendsOf, isReady, protocolOf, servingSlices, slicePortOf } from './endpoints.ts'
import { namedEndpoints } from './headless-endpoints.ts'
import { localSliceName, routedSliceName, SlicePurpose, sliceLabels } from './import-names.ts'
import { ofFamily, servedFamilies, serviceFamilies } from './ip-families.ts'
import type { ListenPorts } from './listen-ports.ts'
import type { MergedService } from './service-merge.ts'

export interface SliceInputs {
  readonly merged: MergedService
  /** This cluster's id. */
  readonly cluster: string
  readonly listenPorts: ListenPorts
  /** The local Service of that name and its slices; they count only when this cluster exports it. */
  readonly local: { readonly service: Service | undefined; readonly slices: readonly EndpointSlice[] }
  readonly traffic: TrafficSettings
  /** Pod addresses of the routers, of either family. */
  readonly routers: readonly string[]
  /** Those of the derived Service. Absent: those of the exports. */
  readonly families?: readonly IPFamily[]
  readonly owner: OwnerReference
  /** Clusters that have been out of reach for long: their endpoints stay only where nothing else is left. */
  readonly stale?: ReadonlySet<string>
  /** By the service's cluster selectors. Absent: it has none. */
  readonly rankOf?: RankOf | undefined
  /** This cluster has globalnet. */
  readonly globalnet?: boolean
}

/** What is decided for one port. */
interface PortChoice {
  readonly port: MergedPort
  /** A local pod is ready. */
  readonly localReady: boolean
  /** Clusters that new flows go to now. */
  readonly clusters: readonly string[]
}

/** Every slice the import should have, each with endpoints of one source cluster only (rule 38). */
export function importSlices(inputs: SliceInputs): EndpointSlice[] {
  const { merged, cluster } = inputs
  const own = merged.exporters.find((exporter) => exporter.cluster === cluster)
  const choices = merged.ports.map((port) => portChoice(port, own !== undefined, inputs))
  const remote = merged.type === 'Headless' ? [] : merged.exporters.filter((exporter) => exporter !== own)
  const families = servedFamilies(inputs.families ?? merged.ipFamilies, inputs.routers)
  const slices = [
    ...(own === undefined ? [] : localSlices(choices, inputs)),
    ...(own === undefined ? [] : bridgeSlices(own, families, choices, inputs)),
    ...remote.flatMap((exporter) => routedSlices(exporter, families, choices, inputs)),
  ]
  return inputs.rankOf === undefined ? slices : slices.map((slice) => labelled(slice, choices))
}

/** Says whether flows of any port go to the slice's cluster now: its selectors are looked at from outside, too (KEP-5939). */
function labelled(slice: EndpointSlice, choices: readonly PortChoice[]): EndpointSlice {
  const { labels } = slice.metadata
  const source = labels?.[Label.sourceCluster] ?? ''
  const active = `${choices.some(({ clusters }) => clusters.includes(source))}`
  return { ...slice, metadata: { ...slice.metadata, labels: { ...labels, [Label.active]: active } } }
}

/** Local pods that have no address of a family of the import are reached through the routers there. */
function bridgeSlices(
  own: ClusterExport,
  families: readonly IPFamily[],
  choices: readonly PortChoice[],
  inputs: SliceInputs,
): EndpointSlice[] {
  const { service } = inputs.local
  if (service === undefined || inputs.merged.type === 'Headless') return []
  const local = serviceFamilies(service)
  const missing = families.filter((family) => !local.includes(family))
  return routedSlices(own, missing, choices, inputs)
}

function portChoice(port: MergedPort, exported: boolean, inputs: SliceInputs): PortChoice {
  const { merged, cluster, traffic, local, stale, rankOf } = inputs
  const declared = exported ? declaredPort(local.service, port) : undefined
  const localReady =
    local.service !== undefined &&
    declared !== undefined &&
    backendsOf(local.service, declared, local.slices).some(({ ready }) => ready)
  const context = { traffic, cluster, localReady, stale, rankOf }
  return { port, localReady, clusters: chosenClusters(merged, port, context) }
}

/** The local Service's port that the import's port stands for. */
function declaredPort(service: Service | undefined, port: MergedPort) {
  return service?.spec?.ports?.find(
    (candidate) => candidate.port === port.port && protocolOf(candidate) === port.protocol,
  )
}

/** Mirrors of the slices of the local Service, with the ports that the import has: those that carry traffic apart. */
function localSlices(choices: readonly PortChoice[], inputs: SliceInputs): EndpointSlice[] {
  const { service, slices } = inputs.local
  if (service === undefined) return []
  const carried = choices.filter((choice) => localCarries(choice, inputs)).map(({ port }) => port)
  const idle = choices.map(({ port }) => port).filter((port) => !carried.includes(port))
  const told = toldAddresses(inputs, service)
  return servingSlices(service, slices)
    .map((source) => (told === undefined ? source : atToldAddresses(source, told)))
    .flatMap((source) => [
      ...mirrorOf(inputs, service, source, carried, true),
      ...mirrorOf(inputs, service, source, idle, false),
    ])
}

/**
 * What other clusters are told of the endpoints of a headless Service, by the addresses of their pods: the global
 * address, or undefined where they know it without one. Undefined without globalnet.
 */
function toldAddresses(
  { merged, cluster, local, globalnet }: SliceInputs,
  service: Service,
): ReadonlyMap<string, string | undefined> | undefined {
  if (merged.type !== 'Headless' || globalnet !== true) return undefined
  const own = merged.exporters.find((exporter) => exporter.cluster === cluster)
  const told = new Map(own?.record.endpoints?.map(({ id, globalIp }) => [id, globalIp]))
  return new Map(
    namedEndpoints(service, local.slices)
      .filter(({ id }) => told.has(id))
      .map(({ id, address }) => [address, told.get(id)]),
  )
}

/**
 * With globalnet an endpoint has the same address in its own cluster as in all others. One that they are not told of yet
 * waits here too: a pod that asks for its own address must not learn one that nobody else can use.
 */
function atToldAddresses(
  source: EndpointSlice,
  told: ReadonlyMap<string, string | undefined>,
): EndpointSlice {
  const endpoints = (source.endpoints ?? []).flatMap((endpoint) => {
    const [own = ''] = endpoint.addresses
    if (!told.has(own)) return []
    const address = told.get(own) ?? (source.addressType === 'IPv4' ? own : undefined)
    return address === undefined ? [] : [{ ...endpoint, addresses: [address] }]
  })
  return { ...source, addressType: 'IPv4', endpoints }
}

/**
 * Local pods carry the traffic when there is nobody to share it with. With PreferLocal they stay in place while none
 * is ready, so that a restart of theirs does not make and remove objects.
 */
function localCarries(
  { clusters, localReady }: PortChoice,
  { merged, cluster, traffic }: SliceInputs,
): boolean {
  if (merged.type === 'Headless') return false
  if (clusters.every((each) => each === cluster)) return true
  return traffic.locality === Locality.preferLocal && !localReady
}

function mirrorOf(
  inputs: SliceInputs,
  service: Service,
  source: EndpointSlice,
  wanted: readonly MergedPort[],
  carries: boolean,
): EndpointSlice[] {
  const ports = mirroredPorts(inputs.merged, wanted, service, source)
  const portless = inputs.merged.ports.length === 0 && !carries
  return ports.length > 0 || portless ? [mirror(inputs, service, source, ports, carries)] : []
}

function mirroredPorts(
  merged: MergedService,
  wanted: readonly MergedPort[],
  service: Service,
  source: EndpointSlice,
): EndpointPort[] {
  const names = slicePortNames(merged)
  return wanted.flatMap((port) => {
    const declared = declaredPort(service, port)
    const target = declared === undefined ? undefined : slicePortOf(source, declared)?.port
    return target === undefined ? [] : [endpointPort(port, target, names)]
  })
}

function endpointPort(port: MergedPort, target: number, names: ReadonlyMap<PortKey, string>): EndpointPort {
  const { protocol, appProtocol } = port
  return {
    name: names.get(portKey(port)) ?? '',
    protocol,
    port: target,
    ...(appProtocol === undefined ? {} : { appProtocol }),
  }
}

function mirror(
  { merged, cluster, owner }: SliceInputs,
  service: Service,
  source: EndpointSlice,
  ports: EndpointPort[],
  carries: boolean,
): EndpointSlice {
  return {
    metadata: {
      name: localSliceName(merged.key, source.metadata.name ?? '', cluster, carries),
      namespace: merged.namespace,
      labels: sliceLabels(merged, cluster, carries),
      ownerReferences: [owner],
    },
    addressType: source.addressType,
    endpoints: (source.endpoints ?? []).map((endpoint) => ({
      ...endpoint,
      conditions: { ...endpoint.conditions, ready: isReady(endpoint, service) },
    })),
    ports,
  }
}

/** A cluster's ports through the routers, one slice for each family and each purpose that any of them has. */
function routedSlices(
  exporter: ClusterExport,
  families: readonly IPFamily[],
  choices: readonly PortChoice[],
  inputs: SliceInputs,
): EndpointSlice[] {
  const declared = new Set(exporter.record.ports.map(portKey))
  const mine = choices.filter(({ port }) => declared.has(portKey(port)))
  return Object.values(SlicePurpose).flatMap((purpose) => {
    const ports = mine.filter((choice) => purposeOf(exporter, choice, inputs) === purpose)
    const listening = listeningPorts(
      ports.map(({ port }) => port),
      inputs,
    )
    if (listening.length === 0) return []
    return families.map((family) => routedSlice(exporter.cluster, { purpose, family }, listening, inputs))
  })
}

function purposeOf(
  exporter: ClusterExport,
  { port, clusters }: PortChoice,
  { traffic, stale }: SliceInputs,
): SlicePurpose {
  const isChosen = clusters.includes(exporter.cluster)
  if (stale?.has(exporter.cluster) && !isChosen) return SlicePurpose.stale
  if (!isReadyIn(exporter, port)) return SlicePurpose.unready
  if (traffic.locality === Locality.requireLocal) return SlicePurpose.excluded
  return isChosen ? SlicePurpose.active : SlicePurpose.standby
}

function listeningPorts(ports: readonly MergedPort[], { merged, listenPorts }: SliceInputs): EndpointPort[] {
  const names = slicePortNames(merged)
  return ports.flatMap((port) => {
    const listenPort = listenPorts.get(portKey(port))
    return listenPort === undefined ? [] : [endpointPort(port, listenPort, names)]
  })
}

function routedSlice(
  cluster: string,
  { purpose, family }: { readonly purpose: SlicePurpose; readonly family: IPFamily },
  ports: EndpointPort[],
  { merged, routers, owner }: SliceInputs,
): EndpointSlice {
  const ready = purpose === SlicePurpose.active || purpose === SlicePurpose.standby
  const reached = purpose === SlicePurpose.stale ? [] : ofFamily(routers, family)
  return {
    metadata: {
      name: routedSliceName(merged.key, purpose, cluster, family),
      namespace: merged.namespace,
      labels: sliceLabels(merged, cluster, purpose === SlicePurpose.active),
      ownerReferences: [owner],
    },
    addressType: family,
    endpoints: reached.map((address) => ({
      addresses: [address],
      conditions: { ready, serving: ready, terminating: false },
    })),
    ports,
  }
}
