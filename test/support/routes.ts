/** RouteSnapshots and directories written by hand, for tests of the router. */
import { serviceKey } from '../../src/api/names.ts'
import { type Backend, emptyRouteSnapshot, type RouteSnapshot } from '../../src/api/route-snapshot.ts'
import type { Directory, OriginState, RecordEndpoint, ServiceRecord } from '../../src/api/service-record.ts'
import { DEFAULT_TRAFFIC, ProxyProtocol } from '../../src/api/traffic-settings.ts'

export const ECHO = serviceKey('demo', 'echo')

/** A cluster that imports demo/echo:80 at a free port. */
export const importingEcho: RouteSnapshot = {
  ...emptyRouteSnapshot,
  synced: true,
  listeners: [{ service: ECHO, protocol: 'TCP', port: 80, listenPort: 0, addresses: [] }],
}

/** The same routes with UDP where they say TCP. */
export function overUdp(routes: RouteSnapshot): RouteSnapshot {
  const protocol = 'UDP' as const
  const exports = [...routes.exports].map(
    ([service, ports]) => [service, ports.map((port) => ({ ...port, protocol }))] as const,
  )
  return {
    ...routes,
    listeners: routes.listeners.map((listener) => ({ ...listener, protocol })),
    exports: new Map(exports),
  }
}

/** A cluster that exports demo/echo:80 with these ready backends on 127.0.0.1. */
export function exportingEcho(...ports: readonly number[]): RouteSnapshot {
  const backends = ports.map((port): Backend => ({ address: '127.0.0.1', port, ready: true, serving: true }))
  return {
    ...emptyRouteSnapshot,
    synced: true,
    exports: new Map([
      [ECHO, [{ protocol: 'TCP' as const, port: 80, backends, proxyProtocol: ProxyProtocol.none }]],
    ]),
  }
}

/** A cluster that exports nothing. */
export const exportingNothing: RouteSnapshot = { ...emptyRouteSnapshot, synced: true }

/** A directory in which these clusters export demo/echo:80 with so many ready endpoints. */
export function directoryOf(readyEndpoints: Readonly<Record<string, number>>): Directory {
  return new Map(
    Object.entries(readyEndpoints).map(([cluster, ready]) => [cluster, originOf(cluster, ready)]),
  )
}

function originOf(cluster: string, readyEndpoints: number): OriginState {
  return { cluster, epoch: 1, sequence: 1, records: new Map([[ECHO, echoRecord(readyEndpoints)]]) }
}

/** The record of demo/echo:80, TCP and UDP. */
export function echoRecord(readyEndpoints: number): ServiceRecord {
  return {
    namespace: 'demo',
    name: 'echo',
    exportedAt: '2026-01-01T00:00:00Z',
    type: 'ClusterSetIP',
    ports: [
      { name: 'tcp', protocol: 'TCP', port: 80, readyEndpoints },
      { name: 'udp', protocol: 'UDP', port: 80, readyEndpoints },
    ],
    ipFamilies: ['IPv4'],
    sessionAffinity: 'None',
  }
}

/** The same routes with flows to demo/echo kept for so long after their link was lost. */
export function withGrace(routes: RouteSnapshot, resumeGraceMs: number): RouteSnapshot {
  return { ...routes, traffic: new Map([[ECHO, { ...DEFAULT_TRAFFIC, resumeGraceMs }]]) }
}

/** A cluster that imports one endpoint of demo/echo:80 at a free port. */
export function importingEndpoint(cluster: string, id: string): RouteSnapshot {
  const listeners = importingEcho.listeners.map((listener) => ({ ...listener, endpoint: { cluster, id } }))
  return { ...importingEcho, listeners }
}

/** A cluster that exports a headless demo/echo:80 with these ready endpoints, each at a port of 127.0.0.1. */
export function exportingEndpoints(endpoints: Readonly<Record<string, number>>): RouteSnapshot {
  const backends = Object.entries(endpoints).map(
    ([endpoint, port]): Backend => ({ address: '127.0.0.1', port, ready: true, serving: true, endpoint }),
  )
  const port = { protocol: 'TCP' as const, port: 80, backends, proxyProtocol: ProxyProtocol.none }
  return { ...exportingNothing, exports: new Map([[ECHO, [port]]]) }
}

/** A directory in which these clusters export a headless demo/echo:80 with these endpoints. */
export function endpointDirectory(endpoints: Readonly<Record<string, readonly RecordEndpoint[]>>): Directory {
  return new Map(
    Object.entries(endpoints).map(([cluster, told]) => {
      const record: ServiceRecord = { ...echoRecord(told.length), type: 'Headless', endpoints: told }
      return [cluster, { cluster, epoch: 1, sequence: 1, records: new Map([[ECHO, record]]) }]
    }),
  )
}
