/** UDP flows that connection tracking would keep sending the old way after a change. A pure comparison of two tables. */
import { isIPv6 } from 'node:net'
import type { ServiceTable, Target, VirtualPort } from './service-table.ts'

/** Flows to forget: those to `frontend`, and with `endpoint` only those translated to it. */
export interface StaleFlows {
  readonly frontend: Target
  readonly endpoint?: Target
}

/** TCP connections are left alone: they end by themselves. */
export function staleFlows(previous: ServiceTable, next: ServiceTable): readonly StaleFlows[] {
  const after = new Map(next.map((port) => [port.id, port]))
  return previous
    .filter((port) => port.protocol === 'udp')
    .flatMap((port) => stalePort(port, after.get(port.id)))
}

function stalePort(before: VirtualPort, after: VirtualPort | undefined): StaleFlows[] {
  const kept = new Set(after?.endpoints.map(keyOf))
  // What was sent while nobody stood behind the frontend was never translated.
  if (before.endpoints.length === 0) {
    return kept.size === 0 ? [] : before.frontends.map((frontend) => ({ frontend }))
  }
  const removed = before.endpoints.filter((endpoint) => !kept.has(keyOf(endpoint)))
  return before.frontends.flatMap((frontend) => removed.map((endpoint) => ({ frontend, endpoint })))
}

function keyOf({ address, port }: Target): string {
  return `${address}:${port}`
}

/** The arguments of conntrack(8) that forget them. */
export function conntrackArguments({ frontend, endpoint }: StaleFlows): string[] {
  const family = isIPv6(frontend.address) ? ['-f', 'ipv6'] : []
  const to = ['-D', ...family, '-p', 'udp', '-d', frontend.address, '--orig-port-dst', String(frontend.port)]
  if (endpoint === undefined) return to
  return [...to, '--reply-src', endpoint.address, '--reply-port-src', String(endpoint.port)]
}
