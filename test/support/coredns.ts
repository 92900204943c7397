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

export interface CoreDns {
  readonly port: number
  stop(): Promise<void>
}

/** `plugins` are the lines of its one server block; resolves when every plugin is ready. */
export async function startCoreDns(plugins: readonly string[]): Promise<CoreDns> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-coredns-'))
  const [port = 0, ready = 0] = await freePorts(2)
  const lines = ['bind 127.0.0.1', 'errors', `ready 127.0.0.1:${ready}`, ...plugins]
  const corefile = join(folder, 'Corefile')
  await writeFile(corefile, `.:${port} {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`)
  const program = commandPath('coredns') ?? 'coredns'
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, '-conf', corefile], {
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
  return { port, stop: () => end(child, folder) }
}

async function end(child: ChildProcess, folder: string): Promise<void> {
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
  await rm(folder, { recursive: true, force: true })
}
