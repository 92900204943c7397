/**
 * One query to one upstream over UDP. Each has a socket and so a source port of its own: that is hard to guess, and
 * Service addresses are translated anew for each, so a resolver that came back at another address is found at once.
 */
import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { Upstream } from './corefile.ts'

/** Resolves with the first message that fits; rejects when the upstream's port is closed or the signal aborts. */
export async function askUdp(
  upstream: Upstream,
  query: Buffer,
  fits: (answer: Buffer) => boolean,
  signal: AbortSignal,
): Promise<Buffer> {
  const answered = Promise.withResolvers<Buffer>()
  const socket = createSocket(isIPv6(upstream.host) ? 'udp6' : 'udp4')
  const abort = (): void => answered.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  socket.on('error', answered.reject)
  socket.on('message', (message) => fits(message) && answered.resolve(message))
  // Connected, so that only the upstream is heard and its closed port is an error.
  socket.once('connect', () => socket.send(query))
  socket.connect(upstream.port, upstream.host)
  try {
    return await answered.promise
  } finally {
    signal.removeEventListener('abort', abort)
    socket.close()
  }
}
