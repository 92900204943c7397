/** Bytes that arrive on connections to a port that floods. */
import { dial, established, sharedBuffer } from './sockets.ts'
import type { Load } from './window.ts'

/** One read of the sink, bytes. */
const READ_BYTES = 256 * 1024

/** Receives on `connections` connections at once. */
export async function startBulk(port: number, connections: number): Promise<Load> {
  const buffer = sharedBuffer(READ_BYTES)
  let bytes = 0
  const count = (more: number): void => {
    bytes += more
  }
  const sockets = Array.from({ length: connections }, () => dial(port, buffer, count))
  await Promise.all(sockets.map(established))
  return {
    get done() {
      return bytes
    },
    stop() {
      for (const socket of sockets) socket.destroy()
    },
  }
}
