/** What a lab could leave on its machine: processes, and with them namespaces; mounts, network devices, rules. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect } from '@jest/globals'
import { run } from './run.ts'

export interface Traces {
  /** Command lines of the lab's processes. A namespace is there as long as one of them is in it. */
  readonly processes: readonly string[]
  readonly mounts: readonly string[]
  readonly links: string
  readonly rules: string
}

/** Of the lab whose state is in `folder`; other labs and containers of the machine come and go meanwhile. */
export async function traces(folder: string): Promise<Traces> {
  return {
    processes: processesOf(folder),
    mounts: readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .filter((line) => line.includes(folder)),
    links: (await run(['ip', '-o', 'link'])).stdout.replace(/\d+: /g, ''),
    rules: process.getuid?.() === 0 ? (await run(['nft', 'list', 'ruleset'])).stdout : '',
  }
}

/** Throws unless everything of the lab in `folder` is as it was `before`. */
export async function expectNoTraces(folder: string, before: Traces): Promise<void> {
  expect(await traces(folder)).toEqual(before)
}

interface Process {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

/** Those that name the folder, and all that they started: orphans of a pid namespace stay below its first process. */
function processesOf(folder: string): string[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap(readProcess)
  const found = new Set(all.filter(({ command }) => command.includes(folder)))
  let size: number
  do {
    size = found.size
    const pids = new Set([...found].map(({ pid }) => pid))
    for (const each of all) if (pids.has(each.parent)) found.add(each)
  } while (found.size > size)
  return [...found].map(({ command }) => command).sort()
}

function readProcess(pid: string): Process[] {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
    // PID (NAME) STATE PARENT, where NAME may hold anything.
    const parent = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) . /s, '')
      .split(' ')[0]
    return [{ pid: Number(pid), parent: Number(parent), command }]
  } catch {
    // It ended while we looked, or is somebody else's.
    return []
  }
}
