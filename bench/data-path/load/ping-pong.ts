/** Connections that each wait for the answer before they ask again. */
import type { Socket } from 'node:net'
import { dial, established, sharedBuffer } from './sockets.ts'
import type { Load } from './window.ts'

/** Bytes of one request and of its answer. */
export const MESSAGE = Buffer.alloc(64, 'x')

/** Room for a whole answer and more. */
export const ANSWER_BYTES = 4 * 1024

/** Counts answers, and keeps how long each took. */
export interface PingPong extends Load {
  /** Milliseconds, since the last reset. */
  readonly times: readonly number[]
}

/** Asks on `connections` connections. */
export async function startPingPong(port: number, connections: number): Promise<PingPong> {
  const buffer = sharedBuffer(ANSWER_BYTES)
  const times: number[] = []
  const count = { done: 0 }
  const sockets = await Promise.all(
    Array.from({ length: connections }, () => startAsking(port, buffer, times, count)),
  )
  return {
    times,
    get done() {
      return count.done
    },
    reset() {
      times.length = 0
    },
    stop() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function startAsking(
  port: number,
  buffer: Uint8Array,
  times: number[],
  count: { done: number },
): Promise<Socket> {
  let left = MESSAGE.length
  let askedAt = 0
  const socket = dial(port, buffer, (bytes) => {
    left -= bytes
    if (left > 0) return
    const now = performance.now()
    times.push(now - askedAt)
    count.done += 1
    left = MESSAGE.length
    askedAt = now
    socket.write(MESSAGE)
  })
  await established(socket)
  askedAt = performance.now()
  socket.write(MESSAGE)
  return socket
}
