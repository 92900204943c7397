/** Which tools of the machine a test needs; without them it is skipped, saying so in its name. */
import { spawnSync } from 'node:child_process'
import { describe } from '@jest/globals'
import { ipv6Trial } from '../../src/lab/host/ipv6.ts'
import { commandPath } from './command-path.ts'

/** Names of the commands that are not on PATH (or in the folders Debian keeps servers in). */
export function missingCommands(...names: readonly string[]): string[] {
  return names.filter((name) => commandPath(name) === undefined)
}

/** True when network and mount namespaces can be had, as root or through a user namespace. */
export function namespacesWork(): boolean {
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  return spawnSync('unshare', [...user, '--net', '--mount', '--pid', '--fork', 'true']).status === 0
}

/** `describe` when everything is there, else a skipped block whose name says what is missing. */
export function describeWith(needs: readonly string[], name: string, body: () => void): void {
  const missing = missingCommands(...needs)
  describeUnless(missing.length === 0 ? undefined : `${missing.join(', ')} not installed`, name, body)
}

/** `describe`, or when there is a reason not to run a skipped block whose name says so. */
export function describeUnless(reason: string | undefined, name: string, body: () => void): void {
  if (reason === undefined) describe(name, body)
  else describe.skip(`${name} [skipped: ${reason}]`, body)
}

/** What every lab in namespaces needs. */
export function describeInLab(needs: readonly string[], name: string, body: () => void): void {
  if (process.env['FAIRLEAD_E2E'] !== 'kind' && !namespacesWork()) {
    describe.skip(`${name} [skipped: this machine gives no network namespaces]`, body)
  } else if (process.env['FAIRLEAD_LAB_API'] === 'real' && noRealApi() !== undefined) {
    describe.skip(`${name} [skipped: ${noRealApi()}]`, body)
  } else describeWith(['ip', 'nft', 'kubectl', 'curl', ...needs], name, body)
}

/** Why a lab has no IPv6 here; undefined when it has. */
export function noLabIpv6(): string | undefined {
  const [unshare, ...args] = ipv6Trial()
  const { status, stderr } = spawnSync(unshare, args, { encoding: 'utf8' })
  return status === 0 ? undefined : `this machine has no IPv6: ${stderr.trim()}`
}

/** Why there is no real API server here; undefined when there is one. */
export function noRealApi(): string | undefined {
  if ((process.env['KUBEBUILDER_ASSETS'] ?? '') !== '') return undefined
  return process.env['FAIRLEAD_NO_KUBE_ASSETS'] ?? 'KUBEBUILDER_ASSETS names no folder'
}
