/**
 * Whether somebody listens at a UDP endpoint: an empty datagram, and then silence or an answer instead of ICMP.
 */
import type { Clock } from '../../core/clock.ts'
import type { Probe } from '../endpoints/probe.ts'
import { BackendSocket } from './backend-socket.ts'
import { SETTLE_MS } from './limits.ts'

const NOTHING = Buffer.alloc(0)

/** Probes by UDP, timed by `clock`. */
export function udpProbe(clock: Clock): Probe {
  return async ({ address, port }, ms, signal) => {
    const outcome = Promise.withResolvers<boolean>()
    const owner = {
      fromBackend: () => outcome.resolve(true),
      backendFailed: () => outcome.resolve(false),
      notSent: () => outcome.resolve(false),
    }
    const giveUp = (): void => outcome.resolve(false)
    const socket = new BackendSocket(owner, address, port)
    const cancel = clock.after(Math.min(ms, SETTLE_MS), () => outcome.resolve(true))
    signal.addEventListener('abort', giveUp)
    socket.send(NOTHING, undefined)
    const listens = await outcome.promise
    cancel()
    signal.removeEventListener('abort', giveUp)
    socket.close()
    return listens
  }
}
