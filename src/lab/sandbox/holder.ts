/** A process that holds namespaces open. It runs a set-up script, says so, and ends with its maker. */
import { type ChildProcess, spawn } from 'node:child_process'
import { LabError } from '../errors.ts'
import { systemEnv } from '../system-env.ts'

/** Longest complaint of a failing script that is kept, characters. */
const MAX_COMPLAINT = 2_000

export interface HolderRequest {
  /** For error messages, such as `the node of east`. */
  readonly what: string
  /** Flags of unshare(1), such as `--net`. */
  readonly namespaces: readonly string[]
  /** Shell script that runs inside, with `parameters` as $1 and so on. */
  readonly script: string
  readonly parameters: readonly string[]
}

/** After the set-up script: say that all is well, then wait for the end of standard input. */
const EPILOGUE = `
echo ready
while read -r line; do :; done`

export class Holder {
  readonly #process: ChildProcess
  readonly #ended: Promise<void>

  private constructor(process: ChildProcess) {
    this.#process = process
    this.#ended = new Promise((resolve) => process.once('close', () => resolve()))
  }

  /** Resolves when the script is through. */
  static async create(request: HolderRequest): Promise<Holder> {
    const script = `set -e\n${request.script}${EPILOGUE}`
    const args = [...request.namespaces, '/bin/sh', '-c', script, 'holder', ...request.parameters]
    const child = spawn('unshare', args, { stdio: 'pipe', env: systemEnv() })
    const holder = new Holder(child)
    try {
      await ready(request.what, child)
      return holder
    } catch (error) {
      await holder.destroy()
      throw error
    }
  }

  /** In the numbering of the process that made it. */
  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** One of its namespaces as nsenter(1) wants it. */
  namespace(kind: 'net' | 'uts' | 'ipc'): string {
    return `/proc/${this.pid}/ns/${kind}`
  }

  /** Processes that still run inside keep the namespaces until they end. */
  async destroy(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#ended
  }
}

function ready(what: string, child: ChildProcess): Promise<void> {
  const outcome = Promise.withResolvers<void>()
  let complaint = ''
  // Its end shows in 'close'; a broken pipe adds nothing.
  child.stdin?.on('error', () => {})
  child.stderr?.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString()).slice(0, MAX_COMPLAINT)
  })
  child.stdout?.once('data', () => outcome.resolve())
  child.once('error', (cause) => outcome.reject(new LabError(`cannot make ${what}`, { cause })))
  child.once('close', () => outcome.reject(new LabError(`cannot make ${what}: ${complaint.trim()}`)))
  return outcome.promise
}
