/** Child processes of the benchmark: started with an argument, they say their ports once they serve. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where a child serves: an answer to each request, and bytes without end. */
export interface Ports {
  readonly echo: number
  readonly flood: number
  /** Routers: where links are taken. */
  readonly link?: number
}

/** A running child. */
export interface Child {
  readonly pid: number
  readonly ports: Ports
  stop(): Promise<void>
}

/** Linux counts CPU time in these steps, milliseconds. */
const TICK_MS = 10

/** Starts `bench/data-path/<name>` with one JSON argument. PROFILE names a folder for CPU profiles. */
export async function startChild(
  name: string,
  argument: unknown,
  flags: readonly string[] = [],
): Promise<Child> {
  const folder = process.env['PROFILE']
  const profile = folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]
  const execArgv = [...flags, ...profile]
  const process_ = fork(join(import.meta.dirname, name), [JSON.stringify(argument)], { execArgv })
  const [ports] = (await once(process_, 'message')) as [Ports]
  return { pid: process_.pid ?? 0, ports, stop: () => stopChild(process_) }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}

/** CPU milliseconds the processes have used so far, all threads. */
export function cpuTime(children: readonly Child[]): number {
  return children.reduce((total, { pid }) => total + cpuOf(pid), 0)
}

/** Proportional share of memory, bytes. */
export function memoryOf({ pid }: Child): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024
}

/** Fields 14 and 15 of /proc/PID/stat, proc(5), counted behind the name in brackets. */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}
