/** The log of one run of a container: a bounded file, and those who follow it. */
import { closeSync, existsSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import type { Readable } from 'node:stream'
import type { Clock } from '../../core/clock.ts'
import { LabError } from '../errors.ts'
import { MAX_LOG_FOLLOWERS, MAX_LOG_SIZE } from './limits.ts'
import { LineCutter, type LogStream } from './log-line.ts'

/** Told of new lines, and of the end. */
export interface LogFollower {
  lines(text: string): void
  end(): void
}

export class ContainerLog {
  readonly #clock: Clock
  readonly #file: string
  readonly #followers = new Set<LogFollower>()
  #fd: number
  #size = 0
  #open = 0
  #closed = false

  constructor(clock: Clock, file: string) {
    this.#clock = clock
    this.#file = file
    this.#fd = openSync(file, 'w', 0o600)
  }

  /** Keeps what `stream` gives until it ends; the log is complete when all its streams have ended. */
  keep(stream: Readable, name: LogStream): void {
    const cutter = new LineCutter(name)
    this.#open += 1
    stream.on('data', (chunk: Buffer) => this.#write(cutter.cut(chunk, this.#clock.now())))
    stream.once('close', () => {
      this.#write(cutter.finish(this.#clock.now()))
      this.#open -= 1
      if (this.#open === 0) this.#close()
    })
  }

  /** All that is kept. */
  read(): string {
    const old = existsSync(this.#aside) ? readFileSync(this.#aside, 'utf8') : ''
    return old + readFileSync(this.#file, 'utf8')
  }

  /** Tells `follower` of what comes from now on. Returns the way to stop. */
  follow(follower: LogFollower): () => void {
    if (this.#closed) {
      follower.end()
      return () => {}
    }
    if (this.#followers.size >= MAX_LOG_FOLLOWERS) throw new LabError('too many readers follow this log')
    this.#followers.add(follower)
    return () => this.#followers.delete(follower)
  }

  get #aside(): string {
    return `${this.#file}.old`
  }

  #write(text: string): void {
    if (text === '' || this.#closed) return
    if (this.#size > MAX_LOG_SIZE) this.#rotate()
    this.#size += writeSync(this.#fd, text)
    for (const follower of [...this.#followers]) follower.lines(text)
  }

  #rotate(): void {
    closeSync(this.#fd)
    renameSync(this.#file, this.#aside)
    this.#fd = openSync(this.#file, 'w', 0o600)
    this.#size = 0
  }

  #close(): void {
    this.#closed = true
    closeSync(this.#fd)
    for (const follower of this.#followers) follower.end()
    this.#followers.clear()
  }
}
