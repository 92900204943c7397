/** Serves a container's log as `kubectl logs` asks for it. */
import type { ServerResponse } from 'node:http'
import type { ContainerLog } from './container-log.ts'
import { MAX_LOG_BACKLOG } from './limits.ts'
import { type LogQuery, presentLine, selectLines } from './log-line.ts'

/** The parameters of the kubelet's /containerLogs. `now`: milliseconds since 1970. */
export function parseLogQuery(query: URLSearchParams, now = Date.now()): LogQuery {
  const number = (name: string): number | undefined => {
    const value = Number(query.get(name) ?? Number.NaN)
    return Number.isInteger(value) && value >= 0 ? value : undefined
  }
  const seconds = number('sinceSeconds')
  const time = Date.parse(query.get('sinceTime') ?? '')
  return {
    tailLines: number('tailLines'),
    since: seconds === undefined ? (Number.isNaN(time) ? undefined : time) : now - seconds * 1_000,
    timestamps: query.get('timestamps') === 'true',
    limitBytes: number('limitBytes'),
  }
}

/** Answers with what the log holds and, with `follow=true`, with what comes after it. */
export function serveLog(log: ContainerLog, parameters: URLSearchParams, response: ServerResponse): void {
  const query = parseLogQuery(parameters)
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
  response.flushHeaders()
  const out = new LimitedOutput(response, query.limitBytes)
  out.write(selectLines(log.read(), query))
  if (parameters.get('follow') !== 'true') {
    out.end()
    return
  }
  const stop = log.follow({
    lines: (text) => {
      const lines = text.split('\n').slice(0, -1)
      out.write(lines.map((line) => presentLine(line, query) ?? '').join(''))
    },
    end: () => out.end(),
  })
  response.once('close', stop)
}

/** Writes at most so many bytes, and drops a reader that does not keep up. */
class LimitedOutput {
  readonly #response: ServerResponse
  #left: number

  constructor(response: ServerResponse, limit: number | undefined) {
    this.#response = response
    this.#left = limit ?? Number.POSITIVE_INFINITY
  }

  write(text: string): void {
    if (text === '' || this.#left === 0) return
    const bytes = Buffer.from(text)
    const part = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes
    this.#left -= part.length
    this.#response.write(part)
    if (this.#left === 0) this.end()
    else if (this.#response.writableLength > MAX_LOG_BACKLOG + bytes.length) this.#response.destroy()
  }

  end(): void {
    this.#response.end()
  }
}
