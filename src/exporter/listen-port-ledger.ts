/**
 * Who owns which router port, for all imports of this cluster. Starts from what the derived Services record.
 */
import type { ServiceKey } from '../api/names.ts'
import { LISTEN_PORTS_PER_IMPORT } from './limits.ts'
import { assignListenPorts, type ListenPorts } from './listen-ports.ts'
import { contestedPorts, type PortClaim } from './port-claims.ts'
import type { PortKey } from './port-merge.ts'

/** One owner per router port, one assignment per import. */
export class ListenPortLedger {
  readonly #owners = new Map<number, ServiceKey>()
  readonly #assigned = new Map<ServiceKey, ListenPorts>()

  /** Recorded more than once: nobody's, and not handed out again, because nodes may send anybody's clients there. */
  readonly #contested: ReadonlySet<number>

  /** Takes over what is recorded. */
  constructor(recorded: readonly PortClaim[] = []) {
    this.#contested = contestedPorts(recorded)
    for (const [service, ports] of recorded) this.#assign(service, [...ports.keys()], ports)
  }

  /** Router ports for exactly these ports; what the import had is kept, what it no longer has is given up. */
  assign(service: ServiceKey, ports: readonly PortKey[]): ListenPorts {
    return this.#assign(service, ports, this.#assigned.get(service) ?? new Map())
  }

  /** The import is gone. */
  release(service: ServiceKey): void {
    for (const port of this.#assigned.get(service)?.values() ?? []) this.#owners.delete(port)
    this.#assigned.delete(service)
  }

  /** Router ports in use. */
  get size(): number {
    return this.#owners.size
  }

  #assign(service: ServiceKey, ports: readonly PortKey[], recorded: ListenPorts): ListenPorts {
    const isFree = (port: number) =>
      !this.#contested.has(port) && (this.#owners.get(port) ?? service) === service
    const wanted = ports.slice(0, LISTEN_PORTS_PER_IMPORT)
    const assigned = assignListenPorts({ service, ports: wanted, recorded, isFree })
    this.release(service)
    for (const port of assigned.values()) this.#owners.set(port, service)
    this.#assigned.set(service, assigned)
    return assigned
  }
}
