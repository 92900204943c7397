/** Where new flows of a service would go, for people. Pure. */
import {
  type TraceCandidate,
  type TracedEndpoint,
  type TracedEndpoints,
  type TracedPort,
  type TraceHop,
  TraceOrder,
  type TracePath,
  TraceRefusal,
  type TraceRefused,
  type TraceReport,
  type TraceWay,
  Way,
} from '../../api/network-report.ts'
import { linkText } from './topology-text.ts'

const REFUSALS: Readonly<Record<TraceRefusal, string>> = {
  [TraceRefusal.unreachable]: 'cannot be reached',
  [TraceRefusal.draining]: 'its routers, or those on every way there, take no new flows',
  [TraceRefusal.notExported]: 'its cluster exports the service no longer',
  [TraceRefusal.portMissing]: 'without this port',
  [TraceRefusal.endpointGone]: 'gone',
  [TraceRefusal.notReady]: 'not ready',
  [TraceRefusal.notAllowed]: 'its ServicePolicies let no client of this cluster call the service',
  [TraceRefusal.requireLocal]: 'flows stay in the own cluster (locality RequireLocal)',
  [TraceRefusal.noAddress]: 'without an address in this cluster',
}

const ORDERS: Readonly<Record<TraceOrder, string>> = {
  [TraceOrder.preferLocal]: 'the own cluster comes first (locality PreferLocal)',
  [TraceOrder.failover]: 'by the order of locality Failover',
  [TraceOrder.selectors]: 'by the cluster selectors',
  [TraceOrder.weight]: 'weight 0',
  [TraceOrder.terminating]: 'its endpoints terminate',
}

/** A block for each port: the candidates by preference, each with its paths, and who is none; or all endpoints. */
export function traceText({ router, service, ports, omitted }: TraceReport): string {
  const lines = ports.flatMap((port) => [
    `${service} ${portText(port)}, from ${router.cluster}/${router.name}${port.endpoints === undefined ? '' : '   (headless)'}`,
    ...(port.endpoints === undefined ? clusterLines(port) : port.endpoints.flatMap(endpointsLines)),
  ])
  if (omitted > 0) lines.push(`and ${omitted} more ports, clusters and endpoints: --port shows one port`)
  return lines.map((line) => `${line}\n`).join('')
}

function portText({ name, port, protocol }: TracedPort): string {
  return `${name === '' ? '' : `${name} `}${port}/${protocol}`
}

function clusterLines({ affinitySeconds, tiers, refused }: TracedPort): string[] {
  const candidates = tiers.flatMap((tier, index) => tier.map((one) => candidateLines(one, index + 1)))
  const stays =
    `  session affinity: a client stays with its cluster for ${affinitySeconds} s after its last new flow; ` +
    'that of a new client hangs on its address'
  return [
    ...(affinitySeconds === undefined ? [] : [stays]),
    ...(candidates.length === 0 ? ['  no cluster takes new flows now'] : candidates.flat()),
    ...refused.map(refusedLine),
  ]
}

function candidateLines(candidate: TraceCandidate, choice: number): string[] {
  const { cluster, chosen, standby, ready, weight, openFlows, behind } = candidate
  const words = [
    ...(chosen ? ['next flow'] : []),
    ...(behind === undefined ? [] : [`choice ${choice}: ${ORDERS[behind]}`]),
    ...(standby ? ['standby'] : []),
    `${ready} ready`,
    `weight ${weight}`,
    `${openFlows} open`,
  ]
  return [`  ${chosen ? '*' : '-'} ${cluster}   ${words.join(', ')}`, ...wayLines(candidate)]
}

function refusedLine({ cluster, reason, awaited, ready }: TraceRefused): string {
  const why = reason === TraceRefusal.notReady ? 'no ready endpoint' : reasonText(reason, awaited)
  return `  x ${cluster}   not taken: ${why}${ready > 0 ? `, ${ready} ready as last told` : ''}`
}

function reasonText(reason: TraceRefusal, awaited: boolean): string {
  return awaited ? `${REFUSALS[reason]} since a moment ago: new flows wait for it` : REFUSALS[reason]
}

function endpointsLines(group: TracedEndpoints): string[] {
  const { cluster, local, endpoints } = group
  return [
    `  ${cluster}   ${endpoints.filter(({ takesFlows }) => takesFlows).length} of ${endpoints.length} endpoints take new flows`,
    ...(local
      ? ['    in this cluster: clients reach them at their own addresses, past the routers']
      : wayLines(group)),
    ...endpoints.map((endpoint) => endpointLine(endpoint, local)),
  ]
}

function endpointLine({ id, reason, awaited, openFlows }: TracedEndpoint, local: boolean): string {
  if (reason !== undefined) return `    x ${id}   ${reasonText(reason, awaited)}`
  return `    - ${id}   takes new flows${local ? '' : `, ${openFlows} open`}`
}

function wayLines({ local, way, paths }: TraceWay): string[] {
  if (local) return ['    in this cluster: no hop']
  if (paths.length === 0) return [`    ${withoutPath(way)}`]
  const unused = way === Way.none ? ['    no data connection can be used; in the topology there is'] : []
  return [...unused, ...pathLines(paths)]
}

/** No more than is known. */
function withoutPath(way: Way | undefined): string {
  if (way === Way.direct) return 'over a data connection; the topology has no link of this router there'
  if (way === Way.relayed) return 'over other routers; the topology has no path'
  return 'no path is known'
}

function pathLines(paths: readonly TracePath[]): string[] {
  return paths.flatMap(({ cost, roundTripMs, hops }, index) => [
    `    path ${index + 1}: ${linkText({ cost, roundTripMs })}`,
    ...hops.map(hopLine),
  ])
}

function hopLine({ name, cluster, cost, roundTripMs }: TraceHop): string {
  const how = cost === undefined || roundTripMs === undefined ? 'lost' : linkText({ cost, roundTripMs })
  return `      -> ${cluster}/${name}   ${how}`
}
