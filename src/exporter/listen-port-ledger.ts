/**
 * Who owns which router port, for all imports of this cluster. Starts from what the derived Services record.
 */
import type { PortKey } from '../api/merged-ports.ts'
import type { ServiceKey } from '../api/names.ts'
import { ENDPOINT_PORTS, ENDPOINT_PORTS_PER_IMPORT, LISTEN_PORTS_PER_IMPORT } from './limits.ts'
import { assignListenPorts, type ListenPorts } from './listen-ports.ts'
import { contestedPorts, type PortClaim } from './port-claims.ts'
import { isEndpointPort } from './port-merge.ts'

/** One owner per router port, one assignment per import. */
export class ListenPortLedger {
  readonly #owners = new Map<number, ServiceKey>()
  readonly #assigned = new Map<ServiceKey, ListenPorts>()
  /** Of the owned ports, those that stand for single endpoints. */
  #ofEndpoints = 0

  /** Recorded more than once: nobody's, and not handed out again, because nodes may send anybody's clients there. */
  readonly #contested: ReadonlySet<number>

  /** Takes over what is recorded. */
  constructor(recorded: readonly PortClaim[] = []) {
    this.#contested = contestedPorts(recorded)
    for (const [service, ports] of recorded) this.#assign(service, [...ports.keys()], ports)
  }

  /** What the import has. */
  portsOf(service: ServiceKey): ListenPorts {
    return this.#assigned.get(service) ?? new Map()
  }

  /**
   * Router ports for exactly these ports, the first of them when they are too many; what the import had is kept, what it
   * no longer has is given up.
   */
  assign(service: ServiceKey, ports: readonly PortKey[]): ListenPorts {
    return this.#assign(service, ports, this.portsOf(service))
  }

  /** The import is gone. */
  release(service: ServiceKey): void {
    const ports = this.portsOf(service)
    for (const port of ports.values()) this.#owners.delete(port)
    this.#ofEndpoints -= countEndpointPorts(ports)
    this.#assigned.delete(service)
  }

  /** Router ports in use. */
  get size(): number {
    return this.#owners.size
  }

  #assign(service: ServiceKey, ports: readonly PortKey[], recorded: ListenPorts): ListenPorts {
    const isFree = (port: number) =>
      !this.#contested.has(port) && (this.#owners.get(port) ?? service) === service
    const assigned = assignListenPorts({ service, ports: this.#bounded(service, ports), recorded, isFree })
    this.release(service)
    for (const port of assigned.values()) this.#owners.set(port, service)
    this.#ofEndpoints += countEndpointPorts(assigned)
    this.#assigned.set(service, assigned)
    return assigned
  }

  #bounded(service: ServiceKey, ports: readonly PortKey[]): PortKey[] {
    const others = this.#ofEndpoints - countEndpointPorts(this.portsOf(service))
    const room = Math.max(0, Math.min(ENDPOINT_PORTS_PER_IMPORT, ENDPOINT_PORTS - others))
    return [
      ...ports.filter((port) => !isEndpointPort(port)).slice(0, LISTEN_PORTS_PER_IMPORT),
      ...ports.filter(isEndpointPort).slice(0, room),
    ]
  }
}

function countEndpointPorts(ports: ListenPorts): number {
  return [...ports.keys()].filter(isEndpointPort).length
}
