/** Connections that are opened, carry one answer and are closed, over and over. */
import type { Socket } from 'node:net'
import { ANSWER_BYTES, MESSAGE } from './ping-pong.ts'
import { dial, sharedBuffer } from './sockets.ts'
import type { Load } from './window.ts'

/** A load that also counts connections that ended before their answer. */
export interface Churn extends Load {
  readonly failed: number
}

/** Keeps `concurrency` connections under way. */
export function startChurn(port: number, concurrency: number): Churn {
  const buffer = sharedBuffer(ANSWER_BYTES)
  const count = { done: 0, failed: 0 }
  const open = new Set<Socket>()
  let stopped = false
  const next = (): void => {
    if (stopped) return
    let left = MESSAGE.length
    const socket = dial(port, buffer, (bytes) => {
      left -= bytes
      if (left > 0) return
      count.done += 1
      socket.destroy()
    })
    open.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      if (left > 0 && !stopped) count.failed += 1
      open.delete(socket)
      next()
    })
    socket.write(MESSAGE)
  }
  for (let started = 0; started < concurrency; started++) next()
  return {
    get done() {
      return count.done
    },
    get failed() {
      return count.failed
    },
    stop() {
      stopped = true
      for (const socket of open) socket.destroy()
    },
  }
}
