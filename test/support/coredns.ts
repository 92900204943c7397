/** A real CoreDNS on loopback for a test, with the Corefile it is given. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { commandPath } from './command-path.ts'
import { eventually } from './eventually.ts'
import { freePorts } from './free-ports.ts'
import { collect } from './run.ts'

export interface CoreDnsPorts {
  readonly dns: number
  /** Of the ready plugin, which the Corefile must have. */
  readonly ready: number
}

export interface CoreDns {
  readonly port: number
  /** Reads another Corefile, made of the same ports. */
  reload(corefile: (ports: CoreDnsPorts) => string): Promise<void>
  stop(): Promise<void>
}

/** A Corefile of one server block with these plugins. */
export function oneBlock(...plugins: readonly string[]): (ports: CoreDnsPorts) => string {
  return ({ dns, ready }) => {
    const lines = ['bind 127.0.0.1', 'errors', `ready 127.0.0.1:${ready}`, ...plugins]
    return `.:${dns} {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`
  }
}

/** Resolves when every plugin is ready. */
export async function startCoreDns(corefile: (ports: CoreDnsPorts) => string): Promise<CoreDns> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-coredns-'))
  const [dns = 0, ready = 0] = await freePorts(2)
  const file = join(folder, 'Corefile')
  await writeFile(file, corefile({ dns, ready }))
  const program = commandPath('coredns') ?? 'coredns'
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, '-conf', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = Promise.all([collect(child.stdout), collect(child.stderr)])
  await eventually(
    async () => {
      if (child.exitCode !== null) return
      const { status } = await fetch(`http://127.0.0.1:${ready}/ready`)
      if (status !== 200) throw new Error(`CoreDNS is not ready: ${status}`)
    },
    { within: 30_000 },
  )
  if (child.exitCode !== null) throw new Error(`CoreDNS ended:\n${(await output).join('')}`)
  return {
    port: dns,
    async reload(next) {
      await writeFile(file, next({ dns, ready }))
      child.kill('SIGUSR1')
    },
    stop: () => end(child, folder),
  }
}

async function end(child: ChildProcess, folder: string): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
  await rm(folder, { recursive: true, force: true })
}
