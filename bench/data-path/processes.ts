/** What the kernel says of processes: CPU time, memory, and how many files they may open (proc(5)). */
import { readFileSync } from 'node:fs'

/** A process that the benchmark started. */
export interface Process {
  readonly pid: number
}

/** Linux counts CPU time in these steps, milliseconds. */
export const TICK_MS = 10

/** CPU milliseconds the processes have used so far, all threads, user and system time. */
export function cpuTime(processes: readonly Process[]): number {
  return processes.reduce((total, { pid }) => total + cpuOf(pid), 0)
}

/** Proportional share of memory of all processes together, bytes. */
export function memoryOf(processes: readonly Process[]): number {
  return processes.reduce((total, { pid }) => total + shareOf(pid), 0)
}

/** Open files this process may have at most; infinite when there is no limit. */
export function openFilesLimit(): number {
  const limits = readFileSync('/proc/self/limits', 'utf8')
  const hard = /^Max open files +\S+ +(\d+) /m.exec(limits)?.[1]
  return hard === undefined ? Number.POSITIVE_INFINITY : Number(hard)
}

function shareOf(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const kibibytes = /^Pss:\s+(\d+) kB/m.exec(rollup)?.[1]
  if (kibibytes === undefined) throw new Error(`/proc/${pid}/smaps_rollup has no Pss`)
  return Number(kibibytes) * 1024
}

/** Fields 14 and 15 of /proc/PID/stat, counted behind the name in brackets. */
function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}
