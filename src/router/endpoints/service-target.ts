/**
 * What a flow asks for, and what the snapshot says of it. Pure.
 */
import type { ServiceKey } from '../../api/names.ts'
import type { Protocol } from '../../api/objects.ts'
import type { Backend, ExportedPort, RouteSnapshot } from '../../api/route-snapshot.ts'
import { DEFAULT_TRAFFIC, type TrafficSettings } from '../../api/traffic-settings.ts'

/** One port of one exported Service. */
export interface ServiceTarget {
  readonly service: ServiceKey
  readonly protocol: Protocol
  readonly port: number
}

/** Names a port in tables. */
export function targetKey({ service, protocol, port }: ServiceTarget): string {
  return `${service}|${protocol}|${port}`
}

/** How flows of a service are treated now; looked up for each new flow, so that changes apply at once. */
export function trafficOf(snapshot: RouteSnapshot, service: ServiceKey): TrafficSettings {
  return snapshot.traffic.get(service) ?? DEFAULT_TRAFFIC
}

/** The exported port that is asked for; undefined when it is not exported here. */
export function exportedPort(
  exports: RouteSnapshot['exports'],
  target: ServiceTarget,
): ExportedPort | undefined {
  const ports = exports.get(target.service)
  return ports?.find(({ port, protocol }) => port === target.port && protocol === target.protocol)
}

/** The ready backends; when there is none, those that terminate and still answer, as kube-proxy does (KEP-1669). */
export function usableBackends({ backends }: ExportedPort): readonly Backend[] {
  const ready = backends.filter((backend) => backend.ready)
  return ready.length > 0 ? ready : backends.filter((backend) => backend.serving)
}
