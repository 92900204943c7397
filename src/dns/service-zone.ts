/**
 * A zone of Services as a pure function of a snapshot and a question: the multicluster DNS specification 1.0.0 and, with
 * pod names and host names of one label, the in-cluster one.
 */
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import { byFamily } from './addresses.ts'
import {
  type Answer,
  type DnsRecord,
  isWithin,
  labelsOf,
  type Question,
  RecordType,
  type Zone,
} from './dns-records.ts'
import { MAX_ALIASES } from './limits.ts'
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
import type { HeadlessService, VirtualService, ZoneSnapshot } from './zone-snapshot.ts'

/** Seconds that the version may be kept: the example value of both specifications. */
const VERSION_TTL = 28_800

export interface ServiceZoneConfig {
  /** Zone name without a dot at the end, lower case. */
  readonly zone: string
  /** Version of the DNS specification that the names follow. */
  readonly version: string
  /** Addresses behind `ns.dns.<zone>`. */
  readonly nameServer: readonly string[]
  /** Whether `<address with dashes>.<namespace>.pod` is answered. The name `pod` itself always exists. */
  readonly pods: boolean
}

type EndpointService = VirtualService | HeadlessService

/** Answers from one snapshot. */
export class ServiceZone implements Zone {
  readonly origin: readonly string[]
  readonly #config: ServiceZoneConfig
  readonly #snapshot: ZoneSnapshot
  readonly #apex: ZoneApex

  constructor(config: ServiceZoneConfig, snapshot: ZoneSnapshot) {
    this.origin = labelsOf(config.zone)
    this.#config = config
    this.#snapshot = snapshot
    this.#apex = new ZoneApex(config.zone, snapshot.serial)
  }

  answer(question: Question): Answer {
    return this.#answer(question, MAX_ALIASES)
  }

  #answer({ labels, type }: Question, aliases: number): Answer {
    if (!this.#snapshot.synced) return this.#apex.servFail
    const path = labels.slice(0, labels.length - this.origin.length)
    if (path.length === 0) return this.#apex.answerApex(type)
    if (path.at(-1) === 'svc') return this.#underServices(path.slice(0, -1), type, aliases)
    if (path.at(-1) === 'pod') return this.#underPods(path.slice(0, -1), type)
    return this.#special(path, type)
  }

  #special(path: readonly string[], type: number): Answer {
    const [first, second] = path
    if (path.length === 1 && first === 'dns-version') return this.#version(type)
    if (path.length === 1 && first === 'dns') return this.#apex.noData
    if (path.length === 2 && first === 'ns' && second === 'dns') {
      const addresses = byFamily(this.#config.nameServer)
      return this.#apex.found(this.#apex.addressRecords(this.#apex.nameServer, addresses, type))
    }
    return this.#apex.nxDomain
  }

  #version(type: number): Answer {
    if (type !== RecordType.TXT && type !== RecordType.ANY) return this.#apex.noData
    const name = `dns-version.${this.#apex.name}`
    return this.#apex.found([{ name, type: 'TXT', ttl: VERSION_TTL, data: [this.#config.version] }])
  }

  /** `1-2-3-4.<namespace>.pod`: the address is in the name, so any is answered (`pods insecure` of CoreDNS). */
  #underPods(path: readonly string[], type: number): Answer {
    const namespace = path.at(-1)
    if (namespace === undefined) return this.#apex.noData
    if (!this.#config.pods || !this.#snapshot.namespaces.has(namespace)) return this.#apex.nxDomain
    if (path.length === 1) return this.#apex.noData
    const [dashed = ''] = path
    const addresses = byFamily([dashed.replaceAll('-', '.'), dashed.replaceAll('-', ':')])
    const isAddress = path.length === 2 && addresses.ipv4.length + addresses.ipv6.length > 0
    if (!isAddress) return this.#apex.nxDomain
    const name = `${dashed}.${namespace}.pod.${this.#apex.name}`
    return this.#apex.found(this.#apex.addressRecords(name, addresses, type))
  }

  #underServices(path: readonly string[], type: number, aliases: number): Answer {
    const namespace = path.at(-1)
    if (namespace === undefined) return this.#apex.noData
    if (!this.#snapshot.namespaces.has(namespace)) return this.#apex.nxDomain
    const name = path.at(-2)
    if (name === undefined) return this.#apex.noData
    const service = this.#snapshot.services.get(`${namespace}/${name}`)
    if (service === undefined) return this.#apex.nxDomain
    const serviceName = `${name}.${namespace}.svc.${this.#apex.name}`
    const below = path.slice(0, -2)
    if (service.type === 'External')
      return below.length === 0
        ? this.#alias(serviceName, service.target, type, aliases)
        : this.#apex.nxDomain
    return below.length === 0
      ? this.#service(service, serviceName, type)
      : this.#belowService(service, serviceName, below, type)
  }

  /** A CNAME, followed as long as it stays in this zone. */
  #alias(name: string, target: string, type: number, aliases: number): Answer {
    const record: DnsRecord = { name, type: 'CNAME', ttl: this.#apex.ttl, target }
    const labels = labelsOf(target)
    const follow = type !== RecordType.CNAME && aliases > 0 && isWithin(labels, this.origin)
    if (!follow) return this.#apex.found([record])
    const rest = this.#answer({ labels, type }, aliases - 1)
    return { ...rest, answers: [record, ...rest.answers] }
  }

  #service(service: EndpointService, name: string, type: number): Answer {
    if (isPending(service)) return this.#apex.servFail
    const endpoints = endpointsOf(service)
    if (service.type === 'Headless' && endpoints.length === 0) return this.#apex.nxDomain
    if (type === RecordType.SRV) return this.#serviceRecords(service, name, name)
    const addresses = service.type === 'Headless' ? mergedAddresses(endpoints) : service
    return this.#apex.found(this.#apex.addressRecords(name, addresses, type))
  }

  #belowService(
    service: EndpointService,
    serviceName: string,
    below: readonly string[],
    type: number,
  ): Answer {
    const [first = '', second = ''] = below
    const filter = below.length === 2 ? portFilter(first, second) : undefined
    if (filter !== undefined) return this.#port(service, serviceName, filter, type)
    const endpoint = service.endpoints.get(below.join('.'))
    if (endpoint !== undefined) return this.#endpoint(endpoint, `${endpoint.name}.${serviceName}`, type)
    return below.length === 1 ? this.#protocol(service, first) : this.#apex.nxDomain
  }

  #endpoint(endpoint: ZoneEndpoint, name: string, type: number): Answer {
    return type === RecordType.SRV
      ? addressedServiceRecords(this.#apex, name, name, endpoint)
      : this.#apex.found(this.#apex.addressRecords(name, endpoint, type))
  }

  /**
   * `_tcp` exists as long as a named port is below it (RFC 8020). `<cluster id>` must not exist, whatever is below: the
   * specification forbids names that select one cluster.
   */
  #protocol(service: EndpointService, label: string): Answer {
    const isParent = portsOf(service).some((port) => port.name !== '' && `_${port.protocol}` === label)
    return isParent ? this.#apex.noData : this.#apex.nxDomain
  }

  #port(service: EndpointService, serviceName: string, filter: PortFilter, type: number): Answer {
    if (!portsOf(service).some((port) => matchesPort(port, filter))) return this.#apex.nxDomain
    if (isPending(service)) return this.#apex.servFail
    if (type !== RecordType.SRV && type !== RecordType.ANY) return this.#apex.noData
    const owner = `_${filter.name}._${filter.protocol}.${serviceName}`
    return this.#serviceRecords(service, owner, serviceName, filter)
  }

  #serviceRecords(service: EndpointService, owner: string, serviceName: string, filter?: PortFilter): Answer {
    return service.type === 'Headless'
      ? endpointServiceRecords(this.#apex, owner, serviceName, endpointsOf(service), filter)
      : addressedServiceRecords(this.#apex, owner, serviceName, service, filter)
  }
}

/** The zone of each snapshot, as servers take it. */
export function serviceZones(
  config: ServiceZoneConfig,
  snapshots: SnapshotSource<ZoneSnapshot>,
): SnapshotSource<readonly Zone[]> {
  const zones = new Snapshot<readonly Zone[]>([new ServiceZone(config, snapshots.current())])
  snapshots.subscribe((snapshot) => zones.set([new ServiceZone(config, snapshot)]))
  return zones
}

/**
 * A Service whose addresses are not known yet. SERVFAIL rather than NODATA: the name is about to have an address, and
 * a client that is told "none" gives up, while one that is told "try again" does.
 */
function isPending(service: EndpointService): boolean {
  return service.type === 'Virtual' && service.ipv4.length + service.ipv6.length === 0
}

function endpointsOf(service: EndpointService): readonly ZoneEndpoint[] {
  return [...service.endpoints.values()]
}

function portsOf(service: EndpointService): readonly ZonePort[] {
  if (service.type === 'Virtual') return service.ports
  return endpointsOf(service).flatMap((endpoint) => endpoint.ports)
}
