/** Lines of container logs in the format of the container runtimes (CRI): `time stream P|F text`. Pure. */
import { MAX_LOG_LINE } from './limits.ts'

export type LogStream = 'stdout' | 'stderr'

/** Cuts a stream of bytes into log lines; what has no line end yet waits. */
export class LineCutter {
  readonly #stream: LogStream
  #rest = Buffer.alloc(0)

  constructor(stream: LogStream) {
    this.#stream = stream
  }

  /** Complete lines in `chunk`, stamped with `now` (milliseconds since 1970). */
  cut(chunk: Buffer, now: number): string {
    let pending = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    let lines = ''
    for (;;) {
      const end = pending.indexOf(10)
      if (end === -1 && pending.length <= MAX_LOG_LINE) break
      const partial = end === -1 || end > MAX_LOG_LINE
      const length = partial ? MAX_LOG_LINE : end
      lines += this.#line(pending.subarray(0, length), partial ? 'P' : 'F', now)
      pending = pending.subarray(partial ? length : length + 1)
    }
    this.#rest = Buffer.from(pending)
    return lines
  }

  /** What came after the last line end. */
  finish(now: number): string {
    return this.#rest.length === 0 ? '' : this.#line(this.#rest, 'F', now)
  }

  #line(text: Buffer, tag: 'P' | 'F', now: number): string {
    return `${new Date(now).toISOString().replace('Z', '000000Z')} ${this.#stream} ${tag} ${text.toString('utf8')}\n`
  }
}

export interface LogQuery {
  readonly tailLines: number | undefined
  /** Milliseconds since 1970. */
  readonly since: number | undefined
  readonly timestamps: boolean
  readonly limitBytes: number | undefined
}

/** A log line as users see it; undefined when it is older than `since`. */
export function presentLine(line: string, query: Pick<LogQuery, 'since' | 'timestamps'>): string | undefined {
  const time = line.slice(0, line.indexOf(' '))
  if (query.since !== undefined && Date.parse(time) < query.since) return undefined
  const text = line.slice(time.length + ' stdout F '.length)
  const end = line[time.length + ' stdout '.length] === 'P' ? '' : '\n'
  return query.timestamps ? `${time} ${text}${end}` : `${text}${end}`
}

/** The part of a whole log that a query asks for, before `limitBytes`. */
export function selectLines(log: string, query: LogQuery): string {
  const lines = log.split('\n').slice(0, -1)
  const wanted =
    query.tailLines === undefined ? lines : lines.slice(Math.max(0, lines.length - query.tailLines))
  return wanted.map((line) => presentLine(line, query) ?? '').join('')
}
