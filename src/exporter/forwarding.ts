/**
 * Ports that exports and imports carry in their objects and that no router forwards: those of SCTP. Pure.
 */
import { Forwarding } from '../api/mcs.ts'
import { portKey } from '../api/merged-ports.ts'
import type { Protocol } from '../api/objects.ts'
import type { Verdict } from '../api/verdicts.ts'
import { carriedPorts } from './listen-ports.ts'

type AnyPort = { readonly protocol: Protocol; readonly port: number }

/** Which ports are not forwarded, for people; empty when all are. */
export function notForwarded(ports: readonly AnyPort[]): string {
  const carried = new Set(carriedPorts(ports))
  const left = ports.filter((port) => !carried.has(port)).map(portKey)
  return left.length === 0 ? '' : `only TCP and UDP are forwarded, not ${left.join(', ')}`
}

/** The condition that says so; there is none while all ports are forwarded. */
export function forwarding(ports: readonly AnyPort[]): Verdict[] {
  const message = notForwarded(ports)
  if (message === '') return []
  return [{ type: Forwarding.condition, status: 'False', reason: Forwarding.protocolNotSupported, message }]
}
