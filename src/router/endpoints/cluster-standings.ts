/**
 * What is to be said for and against each cluster as a place for new flows of a port, before any policy. Pure.
 */
import { isVisibleTo } from '../../api/access-policy.ts'
import { TraceRefusal } from '../../api/network-report.ts'
import type { RouteSnapshot } from '../../api/route-snapshot.ts'
import type { ServiceRecord } from '../../api/service-record.ts'
import type { ExporterIndex } from './exporter-index.ts'
import { exportedPort, isOf, type ServiceTarget } from './service-target.ts'

/** What the clusters are judged by. */
export interface StandingView {
  /** This router's own cluster id. */
  readonly self: string
  readonly exports: RouteSnapshot['exports']
  readonly exporters: ExporterIndex
  /** Whether flows to another cluster count as possible. */
  readonly reachable: (cluster: string) => boolean
}

/** One cluster, and why it gets no new flows; without a reason it may get some. */
export interface Standing {
  readonly cluster: string
  /** Ready endpoints of the port there, as far as is known. */
  readonly ready: number
  readonly refusal?: TraceRefusal
}

/** Of the own cluster and all that tell of the service; of one endpoint its own cluster alone. */
export function standings(view: StandingView, target: ServiceTarget): Standing[] {
  return [...candidates(view, target)].map((cluster) => {
    if (cluster === view.self) return { cluster, ...localStanding(view.exports, target) }
    const told = remoteStanding(view, cluster, target)
    if (view.reachable(cluster) || told.refusal === TraceRefusal.notExported) return { cluster, ...told }
    return { cluster, ready: told.ready, refusal: TraceRefusal.unreachable }
  })
}

/** Nobody is ready in the own cluster, but somebody who terminates still answers. */
export function servesWhileTerminating({ exports }: StandingView, target: ServiceTarget): boolean {
  if (target.endpoint !== undefined) return false
  const backends = exportedPort(exports, target)?.backends ?? []
  return !backends.some(({ ready }) => ready) && backends.some(({ serving }) => serving)
}

function candidates({ self, exporters }: StandingView, { service, endpoint }: ServiceTarget): Set<string> {
  if (endpoint !== undefined) return new Set([endpoint.cluster])
  return new Set([self, ...exporters.exportersOf(service)])
}

type Judgement = Omit<Standing, 'cluster'>

/** By the backends of the own cluster. */
function localStanding(exports: RouteSnapshot['exports'], target: ServiceTarget): Judgement {
  if (!exports.has(target.service)) return none(TraceRefusal.notExported)
  const port = exportedPort(exports, target)
  if (port === undefined) return none(TraceRefusal.portMissing)
  const backends = port.backends.filter((backend) => isOf(backend, target))
  if (target.endpoint !== undefined && backends.length === 0) return none(TraceRefusal.endpointGone)
  return readiness(backends.filter(({ ready }) => ready).length)
}

/** By what another cluster tells. */
function remoteStanding(
  { self, exporters }: StandingView,
  cluster: string,
  target: ServiceTarget,
): Judgement {
  const record = exporters.directory.get(cluster)?.records.get(target.service)
  if (record === undefined) return none(TraceRefusal.notExported)
  if (!isVisibleTo(self, { cluster, record })) return none(TraceRefusal.notAllowed)
  const place = record.ports.findIndex(
    (candidate) => candidate.port === target.port && candidate.protocol === target.protocol,
  )
  if (place === -1) return none(TraceRefusal.portMissing)
  if (target.endpoint !== undefined) return endpointStanding(record, target.endpoint.id, place)
  return readiness(record.ports[place]?.readyEndpoints ?? 0)
}

/** Of the endpoint, at the port at that place. */
function endpointStanding({ endpoints }: ServiceRecord, id: string, place: number): Judgement {
  const endpoint = endpoints?.find((candidate) => candidate.id === id)
  if (endpoint === undefined) return none(TraceRefusal.endpointGone)
  if (endpoint.ports?.includes(place) === false) return none(TraceRefusal.portMissing)
  return readiness(endpoint.unready === true ? 0 : 1)
}

function readiness(ready: number): Judgement {
  return ready > 0 ? { ready } : none(TraceRefusal.notReady)
}

function none(refusal: TraceRefusal): Judgement {
  return { ready: 0, refusal }
}
