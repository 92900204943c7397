/**
 * A backend as a place for flows: what the balancer, the pool and ejection share of it.
 */
import type { Protocol } from '../../api/objects.ts'
import type { Backend } from '../../api/route-snapshot.ts'
import type { Candidate, Load } from '../balancer.ts'

/** One address and port; the same object from snapshot to snapshot while flows or failures are counted there. */
export class Endpoint implements Candidate {
  readonly address: string
  readonly port: number
  readonly protocol: Protocol
  /** `address:port`. */
  readonly name: string
  readonly weight = 1
  readonly load: Load = { outstanding: 0, turn: 0 }
  /** Set by Ejections. */
  ejected = false

  constructor({ address, port }: Pick<Backend, 'address' | 'port'>, protocol: Protocol = 'TCP') {
    this.address = address
    this.port = port
    this.protocol = protocol
    this.name = `${address}:${port}`
  }
}
