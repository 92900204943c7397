/**
 * Whether an endpoint takes flows. By TCP: connects once and closes.
 */
import { connect, type Socket } from 'node:net'
import type { Clock } from '../../core/clock.ts'
import type { Endpoint } from './endpoint.ts'

/** Tries to connect within `ms`; false also when `signal` aborts. Never rejects. */
export type Probe = (endpoint: Endpoint, ms: number, signal: AbortSignal) => Promise<boolean>

/** Probes each endpoint by its own protocol. */
export function probeBy(probes: Readonly<Record<'TCP' | 'UDP', Probe>>): Probe {
  return (endpoint, ms, signal) => probes[endpoint.protocol === 'UDP' ? 'UDP' : 'TCP'](endpoint, ms, signal)
}

/** Probes by TCP, timed by `clock`. */
export function tcpProbe(clock: Clock): Probe {
  return async ({ address, port }, ms, signal) => {
    const socket = connect({ host: address, port })
    const giveUp = (): void => void socket.destroy()
    const cancel = clock.after(ms, giveUp)
    signal.addEventListener('abort', giveUp)
    const connected = await outcome(socket)
    cancel()
    signal.removeEventListener('abort', giveUp)
    socket.destroy()
    return connected
  }
}

function outcome(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('close', () => resolve(false))
  })
}
