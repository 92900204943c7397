/** UDP flows that connection tracking would keep sending the old way after a change. A pure comparison of two tables. */
import type { ServiceTable, Target, VirtualPort } from './service-table.ts'

/** Flows to forget: those to `frontend`, and with `endpoint` only those translated to it. */
export interface StaleFlows {
  readonly frontend: Target
  readonly endpoint?: string
}

/** TCP connections are left alone: they end by themselves. */
export function staleFlows(previous: ServiceTable, next: ServiceTable): readonly StaleFlows[] {
  const after = new Map(next.map((port) => [port.id, port]))
  return previous
    .filter((port) => port.protocol === 'udp')
    .flatMap((port) => stalePort(port, after.get(port.id)))
}

function stalePort(before: VirtualPort, after: VirtualPort | undefined): StaleFlows[] {
  const kept = new Set(after?.endpoints.map((endpoint) => endpoint.address))
  // What was sent while nobody stood behind the frontend was never translated.
  if (before.endpoints.length === 0) {
    return kept.size === 0 ? [] : before.frontends.map((frontend) => ({ frontend }))
  }
  const removed = new Set(
    before.endpoints.map(({ address }) => address).filter((address) => !kept.has(address)),
  )
  return before.frontends.flatMap((frontend) => [...removed].map((endpoint) => ({ frontend, endpoint })))
}

/** The arguments of conntrack(8) that forget them. */
export function conntrackArguments({ frontend, endpoint }: StaleFlows): string[] {
  const to = ['-D', '-p', 'udp', '-d', frontend.address, '--orig-port-dst', String(frontend.port)]
  return endpoint === undefined ? to : [...to, '--reply-src', endpoint]
}
