/**
 * The zone clusterset.local: the multicluster DNS specification 1.0.0 as a pure function of a snapshot and a question.
 */
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import { byFamily } from './addresses.ts'
import type { ClusterSetSnapshot, ZoneService } from './clusterset-snapshot.ts'
import { type Answer, type DnsRecord, labelsOf, type Question, RecordType, type Zone } from './dns-records.ts'
import {
  addressedServiceRecords,
  endpointServiceRecords,
  matchesPort,
  mergedAddresses,
  type PortFilter,
  portFilter,
  type ZoneEndpoint,
  type ZonePort,
} from './service-answers.ts'
import { ZoneApex } from './zone-apex.ts'

/** Version of the specification that the names follow, and the seconds it may be kept (its example value). */
const DNS_VERSION = { version: '1.0.0', ttl: 28_800 } as const

/** Answers from one snapshot. */
export class ClusterSetZone implements Zone {
  readonly origin: readonly string[]
  readonly #snapshot: ClusterSetSnapshot
  readonly #apex: ZoneApex

  constructor(snapshot: ClusterSetSnapshot) {
    this.origin = labelsOf(snapshot.zone)
    this.#snapshot = snapshot
    this.#apex = new ZoneApex(snapshot.zone, snapshot.serial)
  }

  answer({ labels, type }: Question): Answer {
    if (!this.#snapshot.synced) return this.#apex.servFail
    const path = labels.slice(0, labels.length - this.origin.length)
    if (path.length === 0) return this.#apex.answerApex(type)
    if (path.at(-1) === 'svc') return this.#underServices(path.slice(0, -1), type)
    return this.#special(path, type)
  }

  /** The few names beside `svc`. `pod` exists and is empty, as in the in-cluster zone. */
  #special(path: readonly string[], type: number): Answer {
    const [first, second] = path
    if (path.length === 1 && first === 'dns-version') return this.#version(type)
    if (path.length === 1 && (first === 'dns' || first === 'pod')) return this.#apex.noData
    if (path.length === 2 && first === 'ns' && second === 'dns') return this.#nameServer(type)
    return this.#apex.nxDomain
  }

  #version(type: number): Answer {
    if (type !== RecordType.TXT && type !== RecordType.ANY) return this.#apex.noData
    const { version, ttl } = DNS_VERSION
    const record: DnsRecord = {
      name: `dns-version.${this.#apex.name}`,
      type: 'TXT',
      ttl,
      data: [version],
    }
    return this.#apex.found([record])
  }

  #nameServer(type: number): Answer {
    const addresses = byFamily(this.#snapshot.nameServer)
    return this.#apex.found(this.#apex.addressRecords(this.#apex.nameServer, addresses, type))
  }

  #underServices(path: readonly string[], type: number): Answer {
    const namespace = path.at(-1)
    if (namespace === undefined) return this.#apex.noData
    if (!this.#snapshot.namespaces.has(namespace)) return this.#apex.nxDomain
    const name = path.at(-2)
    if (name === undefined) return this.#apex.noData
    const service = this.#snapshot.services.get(`${namespace}/${name}`)
    if (service === undefined) return this.#apex.nxDomain
    const serviceName = `${name}.${namespace}.svc.${this.#apex.name}`
    const below = path.slice(0, -2)
    return below.length === 0
      ? this.#service(service, serviceName, type)
      : this.#belowService(service, serviceName, below, type)
  }

  #service(service: ZoneService, name: string, type: number): Answer {
    if (isPending(service)) return this.#apex.servFail
    const endpoints = endpointsOf(service)
    if (service.type === 'Headless' && endpoints.length === 0) return this.#apex.nxDomain
    if (type === RecordType.SRV) return this.#serviceRecords(service, name, name)
    const addresses = service.type === 'Headless' ? mergedAddresses(endpoints) : service
    return this.#apex.found(this.#apex.addressRecords(name, addresses, type))
  }

  #belowService(service: ZoneService, serviceName: string, below: readonly string[], type: number): Answer {
    const [first = '', second = ''] = below
    if (below.length === 1) return this.#protocol(service, first)
    const filter = below.length === 2 ? portFilter(first, second) : undefined
    if (filter !== undefined) return this.#port(service, serviceName, filter, type)
    const endpoint = service.endpoints.get(below.join('.'))
    if (endpoint === undefined) return this.#apex.nxDomain
    return this.#apex.found(this.#apex.addressRecords(`${endpoint.name}.${serviceName}`, endpoint, type))
  }

  /** `_tcp` exists as long as a named port is below it (RFC 8020). `<cluster id>` must not exist, whatever is below. */
  #protocol(service: ZoneService, label: string): Answer {
    const isParent = portsOf(service).some((port) => port.name !== '' && `_${port.protocol}` === label)
    return isParent ? this.#apex.noData : this.#apex.nxDomain
  }

  #port(service: ZoneService, serviceName: string, filter: PortFilter, type: number): Answer {
    if (isPending(service)) return this.#apex.servFail
    if (!portsOf(service).some((port) => matchesPort(port, filter))) return this.#apex.nxDomain
    if (type !== RecordType.SRV && type !== RecordType.ANY) return this.#apex.noData
    const owner = `_${filter.name}._${filter.protocol}.${serviceName}`
    return this.#serviceRecords(service, owner, serviceName, filter)
  }

  #serviceRecords(service: ZoneService, owner: string, serviceName: string, filter?: PortFilter): Answer {
    return service.type === 'Headless'
      ? endpointServiceRecords(this.#apex, owner, serviceName, endpointsOf(service), filter)
      : addressedServiceRecords(this.#apex, owner, serviceName, service, filter)
  }
}

/**
 * An import whose addresses are not known yet. SERVFAIL rather than NODATA: the name is about to have an address, and
 * a client that is told "none" gives up, while one that is told "try again" does.
 */
function isPending(service: ZoneService): boolean {
  return service.type === 'ClusterSetIP' && service.ipv4.length + service.ipv6.length === 0
}

function endpointsOf(service: ZoneService): readonly ZoneEndpoint[] {
  return [...service.endpoints.values()]
}

function portsOf(service: ZoneService): readonly ZonePort[] {
  if (service.type === 'ClusterSetIP') return service.ports
  return endpointsOf(service).flatMap((endpoint) => endpoint.ports)
}

/** The zone of each snapshot, as servers take it. */
export function clusterSetZones(
  snapshots: SnapshotSource<ClusterSetSnapshot>,
): SnapshotSource<readonly Zone[]> {
  const zones = new Snapshot<readonly Zone[]>([new ClusterSetZone(snapshots.current())])
  snapshots.subscribe((snapshot) => zones.set([new ClusterSetZone(snapshot)]))
  return zones
}
