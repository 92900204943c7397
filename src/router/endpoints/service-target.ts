/**
 * What a flow asks for, and what the snapshot says of it. Pure.
 */
import type { FlowRequest } from '../../amqp/flow-transport.ts'
import type { ServiceKey } from '../../api/names.ts'
import type { Protocol } from '../../api/objects.ts'
import type { Backend, EndpointName, ExportedPort, RouteSnapshot } from '../../api/route-snapshot.ts'
import { DEFAULT_TRAFFIC, type TrafficSettings } from '../../api/traffic-settings.ts'

/** One port of one exported Service, or of one endpoint of it. */
export interface ServiceTarget {
  readonly service: ServiceKey
  readonly protocol: Protocol
  readonly port: number
  /** Absent: any will do. */
  readonly endpoint?: EndpointName
}

/** Names a port in tables. */
export function targetKey({ service, protocol, port, endpoint }: ServiceTarget): string {
  const key = `${service}|${protocol}|${port}`
  return endpoint === undefined ? key : `${key}|${endpoint.cluster}/${endpoint.id}`
}

/** What a flow that was opened towards cluster `self` asks for. */
export function requestedTarget(
  self: string,
  { service, protocol, port, endpoint }: FlowRequest,
): ServiceTarget {
  const target = { service: service as ServiceKey, protocol, port }
  return endpoint === undefined ? target : { ...target, endpoint: { cluster: self, id: endpoint } }
}

/** For people. */
export function describeTarget({ service, protocol, port, endpoint }: ServiceTarget): string {
  const what = `${service}:${port}${protocol === 'TCP' ? '' : `/${protocol}`}`
  return endpoint === undefined ? what : `endpoint ${endpoint.id} of ${what}`
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

/** Whether flows to the target may go to that backend of its port. */
export function isOf(backend: Backend, { endpoint }: Pick<ServiceTarget, 'endpoint'>): boolean {
  return endpoint === undefined || backend.endpoint === endpoint.id
}

/**
 * The ready backends; when there is none, those that terminate and still answer, as kube-proxy does (KEP-1669). Of one
 * endpoint only the ready: its clients chose it and no other, and its name ends with its readiness.
 */
export function usableBackends(
  { backends }: ExportedPort,
  target: Pick<ServiceTarget, 'endpoint'> = {},
): readonly Backend[] {
  const ready = backends.filter((backend) => backend.ready && isOf(backend, target))
  return ready.length > 0 || target.endpoint !== undefined
    ? ready
    : backends.filter((backend) => backend.serving)
}
