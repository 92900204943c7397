/**
 * The bytes of a watch as events. Chunks may split a line, and a character, anywhere.
 */
import type { KubeObject } from '../api/objects.ts'
import { ApiError, ProtocolError, type StatusBody } from './errors.ts'
import { WATCH_LINE_MAX_BYTES } from './limits.ts'

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: T
}

const NEWLINE = 0x0a

/** Cuts a byte stream at newlines. Holds at most one unfinished line, of bounded size. */
export class LineSplitter {
  readonly #maxBytes: number
  #parts: Uint8Array[] = []
  #length = 0

  constructor(maxBytes: number = WATCH_LINE_MAX_BYTES) {
    this.#maxBytes = maxBytes
  }

  /** Lines that this chunk completes, without their newline; empty lines are left out. */
  *push(chunk: Uint8Array): Generator<string> {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end))
      start = end + 1
      if (this.#length > 0) yield this.#take()
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start))
  }

  #keep(part: Uint8Array): void {
    this.#length += part.length
    if (this.#length > this.#maxBytes) throw new ProtocolError(`a watch event over ${this.#maxBytes} bytes`)
    if (part.length > 0) this.#parts.push(part)
  }

  #take(): string {
    const line = Buffer.concat(this.#parts, this.#length).toString('utf8')
    this.#parts = []
    this.#length = 0
    return line
  }
}

/** Events of a watch. An ERROR event is thrown as the ApiError it carries. A half line at the end is dropped: resuming brings it again. */
export async function* watchEvents<T extends KubeObject>(
  body: AsyncIterable<Uint8Array>,
  what: string,
): AsyncGenerator<WatchEvent<T>> {
  const lines = new LineSplitter()
  for await (const chunk of body) {
    for (const line of lines.push(chunk)) yield parseEvent<T>(line, what)
  }
}

function parseEvent<T extends KubeObject>(line: string, what: string): WatchEvent<T> {
  const event = parseLine(line, what)
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
    case 'BOOKMARK':
      return { type: event.type, object: event.object as T }
    case 'ERROR': {
      const status = event.object as StatusBody
      throw new ApiError(status.code ?? 500, status, what)
    }
    default:
      throw new ProtocolError(`${what}: unknown event type ${String(event.type)}`)
  }
}

function parseLine(line: string, what: string): { type?: unknown; object: object } {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    throw new ProtocolError(`${what}: malformed event`, { cause: error })
  }
  if (typeof value !== 'object' || value === null || !('object' in value)) {
    throw new ProtocolError(`${what}: an event without an object`)
  }
  const { object } = value
  if (typeof object !== 'object' || object === null || !('metadata' in object || 'kind' in object)) {
    throw new ProtocolError(`${what}: an event without an object`)
  }
  return { ...value, object }
}
