/** HTTP requests a second by wrk, to nginx with a small file. */
import { run } from '../../../test/support/run.ts'
import { HOST, portOf } from '../ports.ts'
import { cpuTime } from '../processes.ts'
import { WEB_FILE } from '../systems/nginx.ts'
import type { Tool } from '../tools.ts'
import type { Row } from './row.ts'

const CONNECTIONS = 32

/** wrk with one thread. It counts whole seconds. */
export function webRow(wrk: Tool): Row {
  return {
    name: 'wrk',
    port: 'web',
    async measure({ ports, relays }, { ms }) {
      const url = `http://${HOST}:${portOf(ports, 'web')}/${WEB_FILE}`
      const seconds = Math.max(1, Math.round(ms / 1000))
      const before = cpuTime(relays)
      const { stdout } = await run([wrk.path, '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--latency', url])
      const cpuMs = cpuTime(relays) - before
      const { requests, perSecond, p99 } = parse(stdout)
      return {
        'wrk r/s': perSecond,
        'wrk p99 us': p99,
        ...(relays.length === 0 ? {} : { 'wrk cpu us/r': (cpuMs * 1000) / requests }),
      }
    },
  }
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
