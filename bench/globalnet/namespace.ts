/** A network namespace of our own, where nft may change everything and nobody else is. */
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { commandPath } from '../../test/support/command-path.ts'

/** The command before one that is to run in a namespace. */
export function namespaceCommand(): readonly [string, ...string[]] {
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  return [commandPath('unshare') ?? 'unshare', ...user, '--net', '--']
}

/** Why there is none here; undefined when there is. */
export function noNamespace(): string | undefined {
  const missing = ['unshare', 'ip', 'nft'].filter((name) => commandPath(name) === undefined)
  if (missing.length > 0)
    return `${missing.join(', ')} not installed (apt-get install util-linux iproute2 nftables)`
  const [unshare, ...args] = namespaceCommand()
  const nft = commandPath('nft') ?? 'nft'
  const { status, stderr } = spawnSync(unshare, [...args, nft, 'add table ip trial'], { encoding: 'utf8' })
  return status === 0 ? undefined : `no network namespace that nft may change: ${stderr.trim()}`
}

/** Runs a program of this namespace; what it reads comes from `input`. */
export function runHere(name: string, args: readonly string[], input = ''): void {
  const { status, stderr } = spawnSync(commandPath(name) ?? name, args, { input, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${name} ${args.join(' ')}: ${stderr.slice(0, 500)}`)
}

/** Settings of this namespace, by their place under /proc/sys/net; those that a kernel keeps to itself are left. */
export function trySettings(settings: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(settings)) {
    try {
      writeFileSync(`/proc/sys/net/${name}`, value)
    } catch {
      // Connection tracking then keeps ended connections for longer, which all rules have alike.
    }
  }
}
