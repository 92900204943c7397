/** Which tools of the machine a test needs; without them it is skipped, saying so in its name. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe } from '@jest/globals'

/** Names of the commands that are not on PATH (or in the folders Debian keeps servers in). */
export function missingCommands(...names: readonly string[]): string[] {
  return names.filter((name) => commandPath(name) === undefined)
}

/** Where a command is. */
export function commandPath(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

/** True when network and mount namespaces can be had, as root or through a user namespace. */
export function namespacesWork(): boolean {
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  return spawnSync('unshare', [...user, '--net', '--mount', '--pid', '--fork', 'true']).status === 0
}

/** `describe` when everything is there, else a skipped block whose name says what is missing. */
export function describeWith(needs: readonly string[], name: string, body: () => void): void {
  const missing = missingCommands(...needs)
  if (missing.length === 0) describe(name, body)
  else describe.skip(`${name} [skipped: ${missing.join(', ')} not installed]`, body)
}

/** What every lab in namespaces needs. */
export function describeInLab(needs: readonly string[], name: string, body: () => void): void {
  if (process.env['FAIRLEAD_E2E'] !== 'kind' && !namespacesWork()) {
    describe.skip(`${name} [skipped: this machine gives no network namespaces]`, body)
  } else describeWith(['ip', 'nft', 'kubectl', 'curl', ...needs], name, body)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
