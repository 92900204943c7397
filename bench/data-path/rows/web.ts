/** HTTP by wrk, to nginx with a small file: both are cheap enough to leave the cores to the relays. */
import { run } from '../../../test/support/run.ts'
import { HOST, portOf } from '../ports.ts'
import { cpuTime } from '../processes.ts'
import { WEB_FILE } from '../systems/nginx.ts'
import type { System } from '../systems/system.ts'
import type { Tool } from '../tools.ts'
import type { Row } from './row.ts'

/** What wrk found, and what it cost the relays. */
interface Requests {
  readonly perSecond: number
  /** Microseconds. */
  readonly p99: number
  /** CPU microseconds of all relays for one; absent without relays. */
  readonly cpu?: number
}

/** 32 connections that stay. */
export function webRow(wrk: Tool): Row {
  return {
    name: 'wrk',
    port: 'web',
    async measure(system, { ms }) {
      const { perSecond, p99, cpu } = await runWrk(wrk, system, ms, ['-c32'])
      return {
        'wrk r/s': perSecond,
        'wrk p99 us': p99,
        ...(cpu === undefined ? {} : { 'wrk cpu us/r': cpu }),
      }
    },
  }
}

/** A connection for each request, 16 at once. */
export function webChurnRow(wrk: Tool): Row {
  return {
    name: 'wrk-churn',
    port: 'web',
    async measure(system, { ms }) {
      const { perSecond, cpu } = await runWrk(wrk, system, ms, ['-c16', '-H', 'Connection: close'])
      return {
        'wrk-churn conns/s': perSecond,
        ...(cpu === undefined ? {} : { 'wrk-churn cpu us/conn': cpu }),
      }
    },
  }
}

/** One thread. wrk counts whole seconds. */
async function runWrk(
  wrk: Tool,
  { ports, relays }: System,
  ms: number,
  args: readonly string[],
): Promise<Requests> {
  const url = `http://${HOST}:${portOf(ports, 'web')}/${WEB_FILE}`
  const seconds = Math.max(1, Math.round(ms / 1000))
  const before = cpuTime(relays)
  const { stdout } = await run([wrk.path, '-t1', `-d${seconds}s`, '--latency', ...args, url])
  const cpuMs = cpuTime(relays) - before
  const { requests, perSecond, p99 } = parse(stdout)
  return { perSecond, p99, ...(relays.length === 0 ? {} : { cpu: (cpuMs * 1000) / requests }) }
}

function parse(report: string): { requests: number; perSecond: number; p99: number } {
  const errors = /^ +(Socket errors|Non-2xx).*$/m.exec(report)?.[0]
  if (errors !== undefined) throw new Error(`wrk: ${errors.trim()}`)
  const requests = /(\d+) requests in/.exec(report)?.[1]
  const perSecond = /Requests\/sec: +([\d.]+)/.exec(report)?.[1]
  const [, p99, unit = ''] = /^ +99% +([\d.]+)(us|ms|s)$/m.exec(report) ?? []
  if (requests === undefined || perSecond === undefined || p99 === undefined) {
    throw new Error(`wrk said something else: ${report}`)
  }
  const scale = { us: 1, ms: 1e3, s: 1e6 }[unit] ?? Number.NaN
  return { requests: Number(requests), perSecond: Number(perSecond), p99: Number(p99) * scale }
}
