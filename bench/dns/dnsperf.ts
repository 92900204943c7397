/** The load: dnsperf, many questions under way at once, for a bounded time and to loopback only. */
import { run } from '../../test/support/run.ts'
import { HOST } from '../data-path/ports.ts'

/** Sockets it asks from, and questions under way at once: fewer than the receive buffer of a program that asks for none holds. */
const [CLIENTS, OUTSTANDING] = [8, 128]

/** Seconds after which a question counts as lost. */
const PATIENCE_S = 1

/** Milliseconds beyond the load until it is killed. */
const GRACE_MS = 10_000

/** One load. */
export interface Load {
  readonly port: number
  /** A file of `NAME TYPE` lines. */
  readonly questions: string
  readonly ms: number
}

/** What it says. */
export interface LoadResult {
  readonly completed: number
  readonly lost: number
  readonly seconds: number
  /** Answers by their code, such as NOERROR. */
  readonly rcodes: Readonly<Record<string, number>>
}

/** Asks for the time given. */
export async function dnsperf(path: string, { port, questions, ms }: Load): Promise<LoadResult> {
  const server = ['-s', HOST, '-p', `${port}`, '-d', questions]
  const amount = ['-c', `${CLIENTS}`, '-T', '1', '-q', `${OUTSTANDING}`, '-l', `${ms / 1000}`]
  const { stdout } = await run([path, ...server, ...amount, '-t', `${PATIENCE_S}`], {
    timeout: ms + PATIENCE_S * 1000 + GRACE_MS,
  })
  return readReport(stdout)
}

/** Reads its report. Throws when a figure is missing. */
export function readReport(text: string): LoadResult {
  const figure = (label: string): number => {
    const value = new RegExp(`^ *${label}: +([\\d.]+)`, 'm').exec(text)?.[1]
    if (value === undefined) throw new Error(`dnsperf did not say "${label}":\n${text}`)
    return Number(value)
  }
  const codes = /^ *Response codes: +(.*)$/m.exec(text)?.[1] ?? ''
  return {
    completed: figure('Queries completed'),
    lost: figure('Queries lost'),
    seconds: figure('Run time \\(s\\)'),
    rcodes: Object.fromEntries(
      [...codes.matchAll(/(\w+) (\d+) /g)].map(([, code = '', count]) => [code, Number(count)]),
    ),
  }
}
