/** A process of a test that prints JSON lines: what it said last, and waiting for what it says next. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { eventually } from './eventually.ts'
import { collect } from './run.ts'

/** Values of one line. */
export type Told = Readonly<Record<string, unknown>>

export class LineProcess {
  readonly #child: ChildProcess
  readonly #errors: Promise<string>
  readonly #ended: Promise<unknown>
  #lines: Told[] = []

  constructor(child: ChildProcess) {
    this.#child = child
    this.#errors = collect(child.stderr)
    this.#ended = once(child, 'close')
    if (child.stdout === null) throw new Error('its output is not to be had')
    createInterface({ input: child.stdout }).on('line', (line) => this.#lines.push(JSON.parse(line) as Told))
  }

  /** How many lines it has said. */
  get count(): number {
    return this.#lines.length
  }

  /** The last line; empty before the first. */
  get last(): Told {
    return this.#lines.at(-1) ?? {}
  }

  /** Waits for a line that `wanted` is true of; fails at once when the process is gone without one. */
  async says(wanted: (told: Told) => boolean, within: number): Promise<Told> {
    const found = () => this.#lines.find(wanted)
    await eventually(() => found() !== undefined || this.#gone(), { within })
    const line = found()
    if (line === undefined) throw new Error(`it ended with ${await this.#report()}`)
    return line
  }

  /** Says a line to it, and gives what it answers. */
  async ask(): Promise<Told> {
    const before = this.count
    this.#child.stdin?.write('\n')
    await eventually(() => this.count > before || this.#gone())
    if (this.count === before) throw new Error(`it ended with ${await this.#report()}`)
    return this.last
  }

  /** Ends its standard input, and gives the last line it says. */
  async finish(within: number): Promise<Told> {
    this.#child.stdin?.end()
    await eventually(() => this.#gone(), { within })
    await this.#ended
    if (this.#child.exitCode !== 0) throw new Error(`it ended with ${await this.#report()}`)
    return this.last
  }

  /** Ends it, whatever it does. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #gone(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  async #report(): Promise<string> {
    await this.#ended
    const { exitCode, signalCode } = this.#child
    return `${signalCode ?? exitCode} after ${JSON.stringify(this.last)}\n${await this.#errors}`
  }
}
