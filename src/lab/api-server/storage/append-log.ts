/**
 * The state file: one JSON line a change, rewritten whole when most of it is out of date.
 * A write reaches the kernel before it is acknowledged, so killing the process loses nothing; only losing power can.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { FairleadError } from '../../../core/errors.ts'
import type { ApiObject } from '../api-object.ts'

/** One line: `o` is missing when the object was deleted. */
export interface LogEntry {
  /** Revision. */
  readonly r: number
  /** Bucket. */
  readonly b: string
  /** Key. */
  readonly k: string
  readonly o?: ApiObject
}

/** First line of the file. */
interface LogHeader {
  readonly format: 1
  /** State at this revision comes first; entries after it are changes. */
  readonly revision: number
}

/** The state folder cannot be used. */
export class StateError extends FairleadError {
  override readonly name = 'StateError'

  constructor(message: string, cause?: unknown) {
    super('state', message, { cause })
  }
}

export interface LogContent {
  readonly baseRevision: number
  readonly entries: readonly LogEntry[]
}

export class AppendLog {
  readonly #path: string
  readonly #folder: string
  #fd: number | undefined
  #bytes = 0

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.#folder = folder
    this.#path = join(folder, 'state.jsonl')
  }

  /** Length of the file, bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Reads what is there and opens the file for appending. A last line cut off by a crash is dropped. */
  open(): LogContent {
    const fd = openSync(this.#path, 'a+', 0o600)
    this.#fd = fd
    const text = readFileSync(this.#path, 'utf8')
    const whole = text.slice(0, text.lastIndexOf('\n') + 1)
    if (whole.length < text.length) ftruncateSync(fd, Buffer.byteLength(whole))
    this.#bytes = fstatSync(fd).size
    if (whole === '') {
      this.#write(`${JSON.stringify({ format: 1, revision: 0 } satisfies LogHeader)}\n`)
      return { baseRevision: 0, entries: [] }
    }
    return parseLog(whole, this.#path)
  }

  append(entry: LogEntry): void {
    this.#write(`${JSON.stringify(entry)}\n`)
  }

  /** Replaces the file by the given state; a crash at any moment leaves either the old or the new file. */
  rewrite(revision: number, entries: Iterable<LogEntry>): void {
    const fresh = `${this.#path}.new`
    const fd = openSync(fresh, 'w', 0o600)
    writeAll(fd, `${JSON.stringify({ format: 1, revision } satisfies LogHeader)}\n`)
    for (const entry of entries) writeAll(fd, `${JSON.stringify(entry)}\n`)
    fsyncSync(fd)
    renameSync(fresh, this.#path)
    syncFolder(this.#folder)
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = fd
    this.#bytes = fstatSync(fd).size
  }

  close(): void {
    if (this.#fd === undefined) return
    fsyncSync(this.#fd)
    closeSync(this.#fd)
    this.#fd = undefined
  }

  #write(line: string): void {
    if (this.#fd === undefined) throw new StateError(`${this.#path} is closed`)
    try {
      this.#bytes += writeAll(this.#fd, line)
    } catch (error) {
      ftruncateSync(this.#fd, this.#bytes)
      throw new StateError(`cannot write ${this.#path}`, error)
    }
  }
}

function writeAll(fd: number, line: string): number {
  const data = Buffer.from(line)
  for (let sent = 0; sent < data.length; ) sent += writeSync(fd, data, sent)
  return data.length
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  fsyncSync(fd)
  closeSync(fd)
}

function parseLog(text: string, path: string): LogContent {
  const lines = text.split('\n')
  lines.pop()
  const values = lines.map((line, index) => parseLine(line, `${path}:${index + 1}`))
  const header = values.shift() as LogHeader | undefined
  if (header?.format !== 1) throw new StateError(`${path} is not a state file of this version`)
  return { baseRevision: header.revision, entries: values as LogEntry[] }
}

function parseLine(line: string, where: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw new StateError(`${where} is damaged`, error)
  }
}
