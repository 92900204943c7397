/** What a lab could leave on its machine: namespaces, network devices, rules, mounts, processes in namespaces. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { expect } from '@jest/globals'
import { run } from './run.ts'

export interface Traces {
  readonly namespaces: readonly string[]
  readonly links: string
  readonly rules: string
  readonly mounts: string
}

/** Everything that must be the same before and after. */
export async function traces(): Promise<Traces> {
  return {
    namespaces: namespaces(),
    links: (await run(['ip', '-o', 'link'])).stdout.replace(/\d+: /g, ''),
    rules: process.getuid?.() === 0 ? (await run(['nft', 'list', 'ruleset'])).stdout : '',
    mounts: readFileSync('/proc/self/mounts', 'utf8'),
  }
}

/** Throws unless everything is as it was `before`; namespaces of others may have gone meanwhile. */
export async function expectNoTraces(before: Traces): Promise<void> {
  const after = await traces()
  const known = new Set(before.namespaces)
  expect({ ...after, namespaces: after.namespaces.filter((name) => !known.has(name)) }).toEqual({
    ...before,
    namespaces: [],
  })
}

/** The pid, net, mnt and user namespaces that have a process in them. */
function namespaces(): string[] {
  const found = new Set<string>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const kind of ['pid', 'net', 'mnt', 'user', 'uts']) addNamespace(found, `/proc/${pid}/ns/${kind}`)
  }
  return [...found].sort()
}

function addNamespace(found: Set<string>, path: string): void {
  try {
    found.add(readlinkSync(path))
  } catch {
    // The process ended while we looked, or belongs to another user: it is not the lab's.
  }
}
