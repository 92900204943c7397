/** Where new flows of a service would go, for people. Pure. */
import type {
  TraceCandidate,
  TracedPort,
  TraceHop,
  TracePath,
  TraceReport,
} from '../../api/network-report.ts'
import { linkText } from './topology-text.ts'

/** A block for each port: the candidates by preference, each with its paths. */
export function traceText({ router, service, ports }: TraceReport): string {
  const lines = ports.flatMap((port) => [
    `${service} ${port.port}/${port.protocol}, from ${router.cluster}/${router.name}`,
    ...candidatesOf(port),
  ])
  return lines.map((line) => `${line}\n`).join('')
}

function candidatesOf({ tiers }: TracedPort): string[] {
  const candidates = tiers.flatMap((tier, index) => tier.map((one) => candidateLines(one, index + 1)))
  return candidates.length === 0 ? ['  no cluster takes new flows now'] : candidates.flat()
}

function candidateLines(candidate: TraceCandidate, choice: number): string[] {
  const { cluster, chosen, local, standby, weight, openFlows, paths } = candidate
  const words = [
    ...(chosen ? ['next flow'] : []),
    ...(choice > 1 ? [`choice ${choice}`] : []),
    ...(standby ? ['standby'] : []),
    `weight ${weight}`,
    `${openFlows} open`,
  ]
  const how = local ? ['    in this cluster: no hop'] : pathLines(paths)
  return [`  ${chosen ? '*' : '-'} ${cluster}   ${words.join(', ')}`, ...how]
}

function pathLines(paths: readonly TracePath[]): string[] {
  if (paths.length === 0) return ['    its routers tell no topology: over a direct link']
  return paths.flatMap(({ cost, roundTripMs, hops }, index) => [
    `    path ${index + 1}: ${linkText({ cost, roundTripMs })}`,
    ...hops.map(hopLine),
  ])
}

function hopLine({ name, cluster, cost, roundTripMs }: TraceHop): string {
  const how = cost === undefined || roundTripMs === undefined ? 'lost' : linkText({ cost, roundTripMs })
  return `      -> ${cluster}/${name}   ${how}`
}
