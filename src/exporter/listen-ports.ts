/**
 * Which router port stands for which port of an import. The derived Services record it; this assigns what is new.
 * Pure and deterministic.
 */
import { type PortKey, portKey } from '../api/merged-ports.ts'
import { LISTEN_PORTS, type ServiceKey } from '../api/names.ts'
import type { Protocol, Service } from '../api/objects.ts'
import { protocolOf } from './endpoints.ts'
import { LISTEN_PORTS_PER_IMPORT } from './limits.ts'

/** Router ports by port of one import. */
export type ListenPorts = ReadonlyMap<PortKey, number>

export interface ListenPortRequest {
  readonly service: ServiceKey
  readonly ports: readonly PortKey[]
  /** What was assigned before: kept wherever it can be. */
  readonly recorded: ListenPorts
  /** False for router ports that another import owns. */
  readonly isFree: (listenPort: number) => boolean
}

const SIZE = LISTEN_PORTS.last - LISTEN_PORTS.first + 1

/** A router port for each requested port; those that find none, because the range is used up, are left out. */
export function assignListenPorts(request: ListenPortRequest): ListenPorts {
  const assigned = keepRecorded(request)
  const taken = new Set(assigned.values())
  for (const port of request.ports) {
    if (assigned.has(port)) continue
    const found = probe(
      request.service,
      port,
      (candidate) => !taken.has(candidate) && request.isFree(candidate),
    )
    if (found === undefined) continue
    assigned.set(port, found)
    taken.add(found)
  }
  return assigned
}

function keepRecorded({ ports, recorded, isFree }: ListenPortRequest): Map<PortKey, number> {
  const kept = new Map<PortKey, number>()
  const taken = new Set<number>()
  for (const port of ports) {
    const listenPort = recorded.get(port)
    if (listenPort === undefined || !inRange(listenPort)) continue
    if (taken.has(listenPort) || !isFree(listenPort)) continue
    kept.set(port, listenPort)
    taken.add(listenPort)
  }
  return kept
}

/**
 * Linear probing from a hash of the port's owner. Taking the lowest free port instead would hand a port that was just
 * given up to the next import, while nodes may still send the old import's clients there.
 */
function probe(
  service: ServiceKey,
  port: PortKey,
  usable: (candidate: number) => boolean,
): number | undefined {
  const start = fnv1a(`${service}/${port}`) % SIZE
  for (let step = 0; step < SIZE; step++) {
    const candidate = LISTEN_PORTS.first + ((start + step) % SIZE)
    if (usable(candidate)) return candidate
  }
  return undefined
}

/** FNV-1a, 32 bits: spreads short keys well and needs no state. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return hash >>> 0
}

function inRange(port: number): boolean {
  return Number.isInteger(port) && port >= LISTEN_PORTS.first && port <= LISTEN_PORTS.last
}

/** The ports that routers can carry: for one of SCTP nobody would listen, and its clients would wait for nothing. */
export function carriedPorts<T extends { readonly protocol: Protocol }>(ports: readonly T[]): T[] {
  return ports.filter(({ protocol }) => protocol !== 'SCTP')
}

/** The router ports that a derived Service records. */
export function recordedListenPorts(derived: Service | undefined): ListenPorts {
  const recorded = new Map<PortKey, number>()
  const ports = derived?.spec?.ports?.slice(0, LISTEN_PORTS_PER_IMPORT) ?? []
  for (const { protocol, port, targetPort } of ports) {
    if (typeof targetPort !== 'number' || !inRange(targetPort)) continue
    recorded.set(
      portKey({ protocol: protocolOf(protocol === undefined ? {} : { protocol }), port }),
      targetPort,
    )
  }
  return recorded
}
