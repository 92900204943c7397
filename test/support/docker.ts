/**
 * A Docker daemon of our own: own socket, own folders, no bridge, no packet filter rules, so that stopping it leaves
 * nothing behind. Needs root and Debian's docker.io.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.ts'
import { type RunOptions, type RunResult, run } from './run.ts'

export interface Docker {
  /** `docker ARGS` against this daemon. */
  docker(args: readonly string[], options?: RunOptions): Promise<RunResult>
  stop(): Promise<void>
}

/** Starts the daemon and waits until it answers. */
export async function startDocker(): Promise<Docker> {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-docker-'))
  const host = `unix://${folder}/docker.sock`
  const logFile = join(folder, 'dockerd.log')
  const log = await open(logFile, 'w')
  const daemon = spawn('dockerd', daemonFlags(folder, host), { stdio: ['ignore', log.fd, log.fd] })
  const ended = new Promise<void>((resolve) => daemon.once('exit', () => resolve()))
  // The classic builder: the Debian client has it built in, and it needs no plugin.
  const env = { DOCKER_HOST: host, DOCKER_BUILDKIT: '0', DOCKER_CONFIG: folder }
  const docker: Docker['docker'] = (args, options) =>
    run(['docker', ...args], { ...options, env: { ...env, ...options?.env } })
  const stop = async (): Promise<void> => {
    daemon.kill('SIGTERM')
    await ended
    await log.close()
    await unmountBelow(folder)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await eventually(() => docker(['version']), { within: 60_000, every: 500 })
  } catch (error) {
    const tail = (await readFile(logFile, 'utf8')).slice(-2000)
    await stop()
    throw new Error(`dockerd did not start:\n${tail}`, { cause: error })
  }
  return { docker, stop }
}

function daemonFlags(folder: string, host: string): string[] {
  const network = [
    '--bridge=none',
    '--iptables=false',
    '--ip6tables=false',
    '--ip-forward=false',
    '--ip-masq=false',
  ]
  const folders = [`--data-root=${folder}/data`, `--exec-root=${folder}/exec`, `--pidfile=${folder}/pid`]
  return [...network, ...folders, `--host=${host}`, '--userland-proxy=false']
}

/** What a killed container or daemon left mounted, innermost first. */
async function unmountBelow(folder: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${folder}/`))
  for (const path of mounts.reverse()) await run(['umount', '--lazy', path])
}
