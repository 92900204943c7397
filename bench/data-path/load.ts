/** Load on one TCP port of 127.0.0.1: bulk, ping-pong and connection churn, counted where bytes arrive. */
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { summarize } from '../statistics.ts'

/** Bytes of one request and of its answer. */
const MESSAGE = Buffer.alloc(64, 'x')

export interface PingPong {
  readonly requestsPerSecond: number
  /** Microseconds. */
  readonly p50: number
  readonly p99: number
}

/** Megabytes (10^6) a second that arrive on `connections` connections to a port that floods. */
export async function bulk(port: number, connections: number, ms: number, warmUpMs: number): Promise<number> {
  let bytes = 0
  const sockets = await openAll(port, connections)
  for (const socket of sockets) socket.on('data', (chunk) => (bytes += chunk.length))
  await sleep(warmUpMs)
  const before = bytes
  const startedAt = performance.now()
  await sleep(ms)
  const rate = (bytes - before) / (performance.now() - startedAt) / 1000
  for (const socket of sockets) socket.destroy()
  return rate
}

/** Requests a second and their times on connections that each wait for the answer before they ask again. */
export async function pingPong(port: number, connections: number, ms: number): Promise<PingPong> {
  const sockets = await openAll(port, connections)
  const times: number[] = []
  const startedAt = performance.now()
  for (const socket of sockets) askAgainAndAgain(socket, times)
  await sleep(ms)
  const seconds = (performance.now() - startedAt) / 1000
  for (const socket of sockets) socket.destroy()
  const { p50, p99 } = summarize(times)
  return { requestsPerSecond: times.length / seconds, p50: p50 * 1000, p99: p99 * 1000 }
}

/** Connections a second that were opened, carried one answer and were closed, `concurrency` at once. */
export async function churn(port: number, concurrency: number, ms: number): Promise<number> {
  const startedAt = performance.now()
  const end = startedAt + ms
  let done = 0
  const worker = async (): Promise<void> => {
    while (performance.now() < end) {
      await oneExchange(port)
      done += 1
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return done / ((performance.now() - startedAt) / 1000)
}

/** Open connections that have each carried one answer. */
export async function openAll(port: number, count: number): Promise<Socket[]> {
  return await Promise.all(Array.from({ length: count }, () => open(port)))
}

/** Opens connections that idle after one answer each, a hundred at a time. */
export async function openIdle(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = []
  while (sockets.length < count) {
    const opened = await openAll(port, Math.min(100, count - sockets.length))
    await Promise.all(opened.map(exchange))
    sockets.push(...opened)
  }
  return sockets
}

async function open(port: number): Promise<Socket> {
  return await new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.once('error', reject).once('connect', () => {
      // Only the end of the measurement, or a reset that the counts will show.
      socket.off('error', reject).on('error', () => {})
      resolve(socket)
    })
  })
}

function askAgainAndAgain(socket: Socket, times: number[]): void {
  let left = MESSAGE.length
  let askedAt = performance.now()
  socket.on('data', (chunk) => {
    left -= chunk.length
    if (left > 0) return
    const now = performance.now()
    times.push(now - askedAt)
    askedAt = now
    left = MESSAGE.length
    socket.write(MESSAGE)
  })
  socket.write(MESSAGE)
}

async function exchange(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    let left = MESSAGE.length
    socket.on('data', (chunk) => {
      left -= chunk.length
      if (left === 0) resolve()
    })
    socket.write(MESSAGE)
  })
}

async function oneExchange(port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let left = MESSAGE.length
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.on('error', reject).on('close', () => {
      if (left > 0) reject(new Error('closed before the answer'))
      else resolve()
    })
    socket.on('data', (chunk) => {
      left -= chunk.length
      if (left === 0) socket.end()
    })
    socket.write(MESSAGE)
  })
}
