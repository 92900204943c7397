/** The long path of the benchmark: late, but nothing lost. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterEach, expect, test } from '@jest/globals'
import { Children } from '../../../bench/data-path/children.ts'
import { HOST, portOf } from '../../../bench/data-path/ports.ts'

const DELAY_MS = 20
const children = new Children()

afterEach(() => children[Symbol.asyncDispose]())

async function through(target: string): Promise<Socket> {
  const origin = await children.node('origin-process.ts', target)
  const path = await children.node('delay-process.ts', { delayMs: DELAY_MS, targets: origin.ports })
  const socket = connect({ host: HOST, port: portOf(path.ports, 'echo'), allowHalfOpen: true })
  await once(socket, 'connect')
  return socket
}

test('megabytes come back in order, after the end of the stream too, and not before their time', async () => {
  const socket = await through('echo')
  const sent = Buffer.from(Uint32Array.from({ length: 1_000_000 }, (_, index) => index).buffer)
  const startedAt = performance.now()
  socket.end(sent)
  const received = await buffer(socket)
  expect(received.equals(sent)).toBe(true)
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(2 * DELAY_MS - 1)
})
