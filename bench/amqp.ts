/**
 * The AMQP engine by itself: codec cost per frame, and flows between two processes over mutual TLS beside one TLS
 * connection per stream (plain Node, no multiplexing). Options: rounds=5 ms=1000 (time of one measurement).
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createAuthority, issueCertificate } from '../src/pki/certificates.ts'
import { codecCases } from './amqp/codec.ts'
import { bulk, churn, pingPong } from './amqp/load.ts'
import type { PeerPorts, PeerSetup } from './amqp/messages.ts'
import { flows, sockets, type Transport } from './amqp/streams.ts'
import { summarize } from './statistics.ts'

type Sample = Record<string, number>

/** Medians and extremes by system and measure. */
export interface AmqpBench {
  readonly codec: Sample
  readonly systems: Record<string, Record<string, { min: number; median: number; max: number }>>
  readonly ratios: Sample
}

/** Runs all and prints tables. */
export async function run(args: readonly string[]): Promise<AmqpBench> {
  const options = new Map(args.map((arg) => arg.split('=') as [string, string]))
  const codec = codecCases()
  console.table(
    Object.fromEntries(Object.entries(codec).map(([name, ns]) => [name, { 'ns per frame': Math.round(ns) }])),
  )
  const setup = await makeSetup()
  const peer = fork(join(import.meta.dirname, 'amqp/peer-process.ts'))
  try {
    peer.send(setup)
    const [ports] = (await once(peer, 'message')) as [PeerPorts]
    const transports = [await flows(setup, ports), sockets(setup, ports)]
    const samples = await measure(
      transports,
      Number(options.get('rounds') ?? 5),
      Number(options.get('ms') ?? 1000),
    )
    for (const transport of transports) transport.close()
    return { codec, ...report(samples) }
  } finally {
    peer.disconnect()
  }
}

async function makeSetup(): Promise<PeerSetup> {
  const authority = await createAuthority({ commonName: 'bench', days: 1 })
  const usages = ['server', 'client'] as const
  const leaf = await issueCertificate(authority, { commonName: 'bench', usages, days: 1, ips: ['127.0.0.1'] })
  return { authority: authority.certPem, leaf }
}

/** Every transport once per round, so that a slow moment of the machine hits both. */
async function measure(
  transports: readonly Transport[],
  rounds: number,
  ms: number,
): Promise<Map<string, Sample[]>> {
  const samples = new Map(transports.map(({ name }) => [name, [] as Sample[]]))
  for (let round = 0; round < rounds; round += 1) {
    for (const transport of transports) samples.get(transport.name)?.push(await measureOnce(transport, ms))
  }
  return samples
}

async function measureOnce(transport: Transport, ms: number): Promise<Sample> {
  const one = await pingPong(transport, 1, ms)
  const many = await pingPong(transport, 64, ms)
  return {
    'bulk 1 MB/s': await bulk(transport, 1, ms),
    'bulk 8 MB/s': await bulk(transport, 8, ms),
    'ping-pong 1 p50 us': one.p50,
    'ping-pong 64 r/s': many.perSecond,
    'ping-pong 64 p99 us': many.p99,
    'new streams/s': await churn(transport, ms),
  }
}

function report(samples: Map<string, Sample[]>): Omit<AmqpBench, 'codec'> {
  const systems: AmqpBench['systems'] = {}
  for (const [name, rounds] of samples) systems[name] = summarizeRounds(rounds)
  const [ours = {}, other = {}] = Object.values(systems)
  const ratios: Sample = {}
  for (const [name, { median }] of Object.entries(ours))
    ratios[name] = median / (other[name]?.median ?? Number.NaN)
  console.table(printable(systems, ratios))
  return { systems, ratios }
}

function summarizeRounds(rounds: readonly Sample[]): AmqpBench['systems'][string] {
  const names = Object.keys(rounds[0] ?? {})
  return Object.fromEntries(
    names.map((name) => {
      const { min, p50: median, max } = summarize(rounds.map((round) => round[name] ?? Number.NaN))
      return [name, { min, median, max }]
    }),
  )
}

function printable(systems: AmqpBench['systems'], ratios: Sample): Record<string, Record<string, string>> {
  const table: Record<string, Record<string, string>> = {}
  for (const [name, ratio] of Object.entries(ratios)) {
    const row: Record<string, string> = {}
    for (const [system, results] of Object.entries(systems)) {
      const result = results[name]
      if (result !== undefined)
        row[system] = `${result.median.toFixed(0)} (${result.min.toFixed(0)}-${result.max.toFixed(0)})`
    }
    table[name] = { ...row, ratio: ratio.toFixed(2) }
  }
  return table
}

if (process.argv[1] === import.meta.filename) await run(process.argv.slice(2))
