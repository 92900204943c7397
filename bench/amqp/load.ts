/** The loads: bulk, ping-pong and new streams, over any transport. */
import { summarize } from '../statistics.ts'
import type { Stream, Transport } from './streams.ts'

const BLOCK = Buffer.alloc(64 * 1024, 7)
const PING = Buffer.alloc(64, 1)

/** Megabytes (10^6) per second that arrived, over `streams` streams written for `ms`. */
export async function bulk(transport: Transport, streams: number, ms: number): Promise<number> {
  const start = performance.now()
  const totals = await Promise.all(Array.from({ length: streams }, () => pour(transport, start + ms)))
  const seconds = (performance.now() - start) / 1000
  return totals.reduce((sum, total) => sum + total, 0) / 1e6 / seconds
}

/** Writes until the deadline, then half-closes; the sink answers with what it got. */
async function pour(transport: Transport, deadline: number): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>()
  let answer = ''
  let stream: Stream | undefined
  let ended = false
  const more = (): void => {
    while (!ended && performance.now() < deadline) if (stream?.write(BLOCK) !== true) return
    if (ended) return
    ended = true
    stream?.end()
  }
  const calls = {
    onData: (chunk: Buffer) => {
      answer += chunk
    },
    onEnd: () => resolve(Number(answer)),
    onDrain: more,
  }
  stream = await transport.open('sink', calls)
  more()
  return await promise
}

export interface PingPong {
  readonly perSecond: number
  /** Microseconds. */
  readonly p50: number
  readonly p99: number
}

/** Round trips of 64 bytes on `streams` streams at once. */
export async function pingPong(transport: Transport, streams: number, ms: number): Promise<PingPong> {
  const latencies: number[] = []
  const deadline = performance.now() + ms
  const start = performance.now()
  await Promise.all(Array.from({ length: streams }, () => play(transport, deadline, latencies)))
  const seconds = (performance.now() - start) / 1000
  const { p50, p99 } = summarize(latencies)
  return { perSecond: latencies.length / seconds, p50, p99 }
}

async function play(transport: Transport, deadline: number, latencies: number[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let stream: Stream | undefined
  let sent = 0
  const ping = (): void => {
    sent = performance.now()
    stream?.write(PING)
  }
  const onData = (): void => {
    const now = performance.now()
    latencies.push((now - sent) * 1000)
    if (now < deadline) ping()
    else stream?.end()
  }
  stream = await transport.open('echo', { onData, onEnd: resolve, onDrain: () => {} })
  ping()
  await promise
}

/** Streams per second, 16 at a time: open, one round trip, close. */
export async function churn(transport: Transport, ms: number): Promise<number> {
  const start = performance.now()
  const counts = await Promise.all(Array.from({ length: 16 }, () => comeAndGo(transport, start + ms)))
  return counts.reduce((sum, count) => sum + count, 0) / ((performance.now() - start) / 1000)
}

async function comeAndGo(transport: Transport, deadline: number): Promise<number> {
  let count = 0
  for (; performance.now() < deadline; count += 1) {
    const { promise, resolve } = Promise.withResolvers<void>()
    let stream: Stream | undefined
    const onData = (): void => stream?.end()
    stream = await transport.open('echo', { onData, onEnd: resolve, onDrain: () => {} })
    stream.write(PING)
    await promise
  }
  return count
}
