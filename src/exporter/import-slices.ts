/**
 * The EndpointSlices of an import. Local pods serve a port as long as one of them is ready, else the routers carry it
 * to the clusters that have ready endpoints. Pure.
 */
import type { EndpointPort, EndpointSlice, OwnerReference, Service } from '../api/objects.ts'
import type { ClusterExport } from './conflicts.ts'
import { derivedPortNames } from './derived-service.ts'
import { isReady, primarySlices, protocolOf, slicePortOf } from './endpoints.ts'
import { localSliceName, remoteSliceName, SlicePurpose, sliceLabels } from './import-names.ts'
import { SLICE_MAX_ENDPOINTS } from './limits.ts'
import type { ListenPorts } from './listen-ports.ts'
import { type MergedPort, type PortKey, portKey } from './port-merge.ts'
import type { MergedService } from './service-merge.ts'

export interface SliceInputs {
  readonly merged: MergedService
  /** This cluster's id. */
  readonly cluster: string
  readonly listenPorts: ListenPorts
  /** The local Service of that name and its slices; they count only when this cluster exports it. */
  readonly local: { readonly service: Service | undefined; readonly slices: readonly EndpointSlice[] }
  /** Pod addresses of the routers. */
  readonly routers: readonly string[]
  readonly owner: OwnerReference
}

/** Every slice the import should have, each with endpoints of one source cluster only (rule 38). */
export function importSlices(inputs: SliceInputs): EndpointSlice[] {
  const { merged, cluster } = inputs
  const own = merged.exporters.find((exporter) => exporter.cluster === cluster)
  const served = own === undefined ? new Set<PortKey>() : readyPorts(own)
  const remote = merged.type === 'Headless' ? [] : merged.exporters.filter((exporter) => exporter !== own)
  return [
    ...(own === undefined ? [] : localSlices(inputs)),
    ...remote.flatMap((exporter) => remoteSlices(exporter, served, inputs)),
  ]
}

function readyPorts({ record }: ClusterExport): Set<PortKey> {
  return new Set(record.ports.filter((port) => port.readyEndpoints > 0).map(portKey))
}

/** One mirror of each slice of the local Service, with the ports that the import has. */
function localSlices(inputs: SliceInputs): EndpointSlice[] {
  const { service, slices } = inputs.local
  if (service === undefined) return []
  return primarySlices(service, slices).flatMap((source) => {
    const ports = mirroredPorts(inputs.merged, service, source)
    const dropped = ports.length === 0 && inputs.merged.ports.length > 0
    return dropped ? [] : [mirror(inputs, service, source, ports)]
  })
}

function mirroredPorts(merged: MergedService, service: Service, source: EndpointSlice): EndpointPort[] {
  const names = derivedPortNames(merged.ports)
  return merged.ports.flatMap((port) => {
    const declared = service.spec?.ports?.find(
      (candidate) => candidate.port === port.port && protocolOf(candidate) === port.protocol,
    )
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
): EndpointSlice {
  const name = localSliceName(merged.key, source.metadata.name ?? '', cluster)
  return {
    metadata: {
      name,
      namespace: merged.namespace,
      labels: sliceLabels(merged, cluster, merged.type === 'ClusterSetIP'),
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

/** A remote cluster's ports, one slice for each purpose that any of them has. */
function remoteSlices(
  exporter: ClusterExport,
  servedLocally: ReadonlySet<PortKey>,
  inputs: SliceInputs,
): EndpointSlice[] {
  const declared = new Set(exporter.record.ports.map(portKey))
  const ready = readyPorts(exporter)
  const purposeOf = (port: MergedPort): SlicePurpose => {
    if (!ready.has(portKey(port))) return SlicePurpose.unready
    return servedLocally.has(portKey(port)) ? SlicePurpose.standby : SlicePurpose.active
  }
  const ports = inputs.merged.ports.filter((port) => declared.has(portKey(port)))
  return Object.values(SlicePurpose).flatMap((purpose) => {
    const chosen = listeningPorts(
      ports.filter((port) => purposeOf(port) === purpose),
      inputs,
    )
    return chosen.length === 0 ? [] : [remoteSlice(exporter.cluster, purpose, chosen, inputs)]
  })
}

function listeningPorts(ports: readonly MergedPort[], { merged, listenPorts }: SliceInputs): EndpointPort[] {
  const names = derivedPortNames(merged.ports)
  return ports.flatMap((port) => {
    const listenPort = listenPorts.get(portKey(port))
    return listenPort === undefined ? [] : [endpointPort(port, listenPort, names)]
  })
}

function remoteSlice(
  cluster: string,
  purpose: SlicePurpose,
  ports: EndpointPort[],
  { merged, routers, owner }: SliceInputs,
): EndpointSlice {
  const ready = purpose !== SlicePurpose.unready
  return {
    metadata: {
      name: remoteSliceName(merged.key, purpose, cluster),
      namespace: merged.namespace,
      labels: sliceLabels(merged, cluster, purpose === SlicePurpose.active),
      ownerReferences: [owner],
    },
    addressType: 'IPv4',
    endpoints: routers.slice(0, SLICE_MAX_ENDPOINTS).map((address) => ({
      addresses: [address],
      conditions: { ready, serving: ready, terminating: false },
    })),
    ports,
  }
}
