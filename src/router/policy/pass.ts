/**
 * What a flow has been let in by: the limits it counts for, and the access it was checked against.
 */
import type { ServiceAccess } from '../../api/access-policy.ts'
import type { ByteMeter, MeterWaiter } from './byte-meter.ts'
import type { PolicyLimiter } from './policy-limiter.ts'

export class Pass {
  /** Undefined: no policy targets the service. */
  readonly access: ServiceAccess | undefined
  readonly limiters: readonly PolicyLimiter[]
  /** Its bytes are counted. Looked at for every read and write: a flow without such limits does nothing else. */
  readonly isMetered: boolean

  constructor(access: ServiceAccess | undefined, limiters: readonly PolicyLimiter[]) {
    this.access = access
    this.limiters = limiters
    this.isMetered = limiters.some(({ bytes }) => bytes.isOn)
  }

  spend(bytes: number): void {
    for (const { bytes: meter } of this.limiters) meter.spend(bytes)
  }

  /** The meter to wait for; undefined when bytes may be moved. */
  get debtor(): ByteMeter | undefined {
    return this.limiters.find(({ bytes }) => bytes.inDebt)?.bytes
  }

  /** The flow has ended, or goes on by another pass. */
  leave(waiter: MeterWaiter): void {
    for (const limiter of this.limiters) {
      limiter.leave()
      limiter.bytes.forget(waiter)
    }
  }
}

/** That of all flows to services without policies. */
export const OPEN_PASS: Pass = new Pass(undefined, [])
