/** What a lab in namespaces needs of this machine, and what to tell who lacks it. */
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { describeError, errorCode } from '../../core/errors.ts'
import { run } from '../command.ts'
import { CommandError, LabError } from '../errors.ts'
import { systemEnv } from '../system-env.ts'
import { namespaceCommand } from './namespace-command.ts'

/** Programs by the Debian package that brings them. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  iproute2: ['ip'],
  nftables: ['nft'],
  'util-linux': ['unshare', 'nsenter', 'setpriv', 'mount', 'umount', 'pivot_root'],
  hostname: ['hostname'],
}

/** Makes in a throw-away namespace what a lab makes, so that the first thing refused is known by name. */
const TRIAL = `mount -t proc proc /proc &&
mount -t tmpfs tmpfs /run &&
ip link add internet type bridge &&
ip link add left0 type veth peer name right0 &&
nft 'add table ip t; add chain ip t c { type nat hook prerouting priority dstnat; }' &&
nft 'add rule ip t c ip daddr 10.0.0.1 dnat to 10.0.0.2'`

/** Throws LabError, saying what to install or to allow, when a lab in namespaces cannot run here. */
export async function requireNamespaces(): Promise<void> {
  requirePrograms()
  const [unshare, ...flags] = namespaceCommand()
  try {
    await run([unshare, ...flags, '/bin/sh', '-c', TRIAL], { env: systemEnv() })
  } catch (cause) {
    throw new LabError(`${refusal(cause)}\n${ADVICE}`)
  }
}

const ADVICE = 'fairlead lab: "--mode loopback" needs none of this (fewer features, same API)'

function requirePrograms(): void {
  const folders = (systemEnv()['PATH'] ?? '').split(':')
  const missing = Object.entries(PROGRAMS).filter(
    ([, programs]) =>
      !programs.every((program) => folders.some((folder) => executable(join(folder, program)))),
  )
  if (missing.length === 0) return
  const packages = missing.map(([name]) => name)
  const programs = missing.flatMap(([, names]) => names)
  throw new LabError(
    `the lab needs ${programs.join(', ')}: get them with "apt-get install ${packages.join(' ')}"\n${ADVICE}`,
  )
}

/** Whether this process may run the file. */
export function executable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes(errorCode(error) ?? '')) return false
    throw error
  }
}

function refusal(error: unknown): string {
  const reason = error instanceof CommandError ? error.stderr.trim() : describeError(error)
  if (process.getuid?.() === 0) {
    return `this machine does not let root make namespaces (${reason}): a container needs --privileged for it`
  }
  return `this machine does not let ordinary users make namespaces (${reason}): run as root, or allow it with "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" (Ubuntu) or "sysctl -w user.max_user_namespaces=10000 kernel.unprivileged_userns_clone=1" (others)`
}
