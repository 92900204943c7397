/** Datagrams that are sent to come back: with a window of them under way, or at a fixed rate whatever comes back. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { HOST } from '../ports.ts'
import type { Load } from './window.ts'

/** Client sockets, each an association of its own. */
const SOCKETS = 8

/** Datagrams that each socket has under way in windowed mode. */
const WINDOW = 8

/** What has not come back after one to two times so many milliseconds counts as lost, and another one is sent. */
const LOST_AFTER_MS = 200

/** Milliseconds between bursts in open loop; a burst is what the rate gives for that time. */
const BURST_MS = 1

/** Kernel buffer, bytes (the kernel may give less): what is lost should be lost by the relays. */
const KERNEL_BUFFER = 4 * 1024 * 1024

/** Counts datagrams that came back. */
export interface Datagrams extends Load {
  /** Share of those sent since the last reset that did not come back. */
  readonly loss: number
}

/** Each answer asks for the next one. */
export async function startWindowed(port: number, bytes: number): Promise<Datagrams> {
  const message = Buffer.alloc(bytes, 'x')
  const clients = await openClients(port)
  const windows = clients.map((client) => startWindow(client, message))
  const sum = (name: 'sent' | 'done') => windows.reduce((total, { count }) => total + count[name], 0)
  return asLoad({ sent: () => sum('sent'), done: () => sum('done') }, clients, windows)
}

/** `rate` datagrams a second, over all sockets. */
export async function startOpenLoop(port: number, bytes: number, rate: number): Promise<Datagrams> {
  const message = Buffer.alloc(bytes, 'x')
  const clients = await openClients(port)
  const count = { sent: 0, done: 0 }
  for (const client of clients) client.on('message', () => (count.done += 1))
  const startedAt = performance.now()
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedAt) * rate) / 1000)
    for (; count.sent < due; count.sent++) clients[count.sent % SOCKETS]?.send(message)
  }, BURST_MS)
  return asLoad({ sent: () => count.sent, done: () => count.done }, clients, [{ timer }])
}

function startWindow(client: Socket, message: Buffer) {
  const count = { sent: 0, done: 0 }
  let sentBefore = 0
  let lost = 0
  const send = (): void => {
    count.sent += 1
    client.send(message)
  }
  client.on('message', () => {
    count.done += 1
    send()
  })
  for (let sent = 0; sent < WINDOW; sent++) send()
  const timer = setInterval(() => {
    for (; sentBefore > count.done + lost; lost++) send()
    sentBefore = count.sent
  }, LOST_AFTER_MS)
  return { count, timer }
}

async function openClients(port: number): Promise<Socket[]> {
  return await Promise.all(
    Array.from({ length: SOCKETS }, async () => {
      const client = createSocket({
        type: 'udp4',
        recvBufferSize: KERNEL_BUFFER,
        sendBufferSize: KERNEL_BUFFER,
      })
      client.connect(port, HOST)
      await once(client, 'connect')
      return client
    }),
  )
}

function asLoad(
  count: { readonly sent: () => number; readonly done: () => number },
  clients: readonly Socket[],
  timers: readonly { readonly timer: NodeJS.Timeout }[],
): Datagrams {
  let from = { sent: 0, done: 0 }
  return {
    get done() {
      return count.done()
    },
    get loss() {
      return Math.max(0, 1 - (count.done() - from.done) / (count.sent() - from.sent))
    },
    reset() {
      from = { sent: count.sent(), done: count.done() }
    },
    stop() {
      for (const { timer } of timers) clearInterval(timer)
      for (const client of clients) client.close()
    },
  }
}
