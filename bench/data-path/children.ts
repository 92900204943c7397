/**
 * Child processes of the benchmark: our own Node ones, which say their ports once they serve, and other programs.
 * None outlives the benchmark.
 */
import { type ChildProcess, fork, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { type Ports, whenServing } from './ports.ts'
import type { Process } from './processes.ts'

/** A child that serves ports. */
export interface Serving extends Process {
  readonly ports: Ports
}

/** Open files children get where this user may raise the limit: two for each of 10,000 flows, and some. */
const WANTED_FILES = 32_768

/** Milliseconds a child has for ending after SIGTERM, and for saying its ports. */
const STOP_MS = 5_000
const START_MS = 20_000

const RAISE_LIMIT = `ulimit -n ${WANTED_FILES} 2>/dev/null || ulimit -n "$(ulimit -H -n)"`

/** Open files a child gets here. */
export function childFiles(): number {
  const { stdout } = spawnSync('/bin/sh', ['-c', `${RAISE_LIMIT}; ulimit -n`], { encoding: 'utf8' })
  return stdout.trim() === 'unlimited' ? WANTED_FILES : Math.min(WANTED_FILES, Number(stdout))
}

export class Children implements AsyncDisposable {
  readonly #running = new Map<number, ChildProcess>()

  /** Starts a file, by its path from here, with one JSON argument. PROFILE names a folder for CPU profiles. */
  async node(name: string, argument: unknown, flags: readonly string[] = []): Promise<Serving> {
    const folder = process.env['PROFILE']
    const profile = folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]
    const child = fork(resolve(import.meta.dirname, name), [JSON.stringify(argument)], {
      execPath: '/bin/sh',
      execArgv: ['-c', `${RAISE_LIMIT}; exec "$0" "$@"`, process.execPath, ...profile, ...flags],
    })
    const known = this.#keep(name, child)
    const late = setTimeout(() => child.kill('SIGKILL'), START_MS)
    const [ports] = (await Promise.race([once(child, 'message'), failure(name, child)])) as [Ports]
    clearTimeout(late)
    return { ...known, ports }
  }

  /** Starts another program and waits until it serves; what it says on standard error is passed on. */
  async program(path: string, args: readonly string[], ports: Ports): Promise<Serving> {
    const command = ['-c', `${RAISE_LIMIT}; exec "$0" "$@"`, path, ...args]
    const child = spawn('/bin/sh', command, { stdio: ['ignore', 'ignore', 'inherit'] })
    const known = this.#keep(path, child)
    await Promise.race([whenServing(ports), failure(path, child)])
    return { ...known, ports }
  }

  /** Ends one child and waits for its end. */
  async stop({ pid }: Process): Promise<void> {
    const child = this.#running.get(pid)
    if (child === undefined) return
    const exited = once(child, 'exit')
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
    child.kill('SIGTERM')
    await exited
    clearTimeout(kill)
  }

  /** For the last moment of this process, when nothing can be awaited. */
  killAll(): void {
    for (const child of this.#running.values()) child.kill('SIGKILL')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of [...this.#running.keys()]) await this.stop({ pid })
  }

  #keep(name: string, child: ChildProcess): Process {
    const { pid } = child
    if (pid === undefined) throw new Error(`${name} cannot be started`)
    this.#running.set(pid, child)
    child.once('exit', () => this.#running.delete(pid))
    return { pid }
  }
}

async function failure(name: string, child: ChildProcess): Promise<never> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  throw new Error(`${name} ended before it served (${signal ?? code})`)
}
