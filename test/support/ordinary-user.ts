/**
 * Commands of somebody who is not root: `nobody` when we are root, else ourselves. The checkout may lie where others
 * cannot read, so that root shows it to them in a mount namespace of their own.
 */
import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RunOptions, type RunResult, run } from './run.ts'
import { ROOT } from './source-tree.ts'

const NOBODY = 65_534
const VIEW = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'

/** Whose commands they are. */
export interface Hand {
  wrap(command: readonly string[]): readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

export interface OrdinaryUser {
  /** A folder of his own. */
  readonly home: string
  /** The command as somebody else has to start it for him, in this folder and with these variables. */
  readonly hand: Hand
  run(command: readonly string[], options?: RunOptions): Promise<RunResult>
  /** `fairlead ARGS` of this checkout. */
  fairlead(args: readonly string[], options?: RunOptions): Promise<RunResult>
  /** Removes his folder. */
  leave(): Promise<void>
}

/** Runs a command of somebody. */
export function runBy(
  { wrap, cwd, env }: Hand,
  command: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return run(wrap(command), { ...(cwd && { cwd }), ...options, env: { ...env, ...options.env } })
}

/** A user with an empty home. */
export async function ordinaryUser(): Promise<OrdinaryUser> {
  const home = await mkdtemp(join(tmpdir(), 'fl-user-'))
  const view = join(home, 'view')
  const isRoot = process.getuid?.() === 0
  if (isRoot) {
    await mkdir(view)
    await chown(home, NOBODY, NOBODY)
  }
  const become = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--']
  const wrap = (command: readonly string[]) =>
    isRoot
      ? [
          'unshare',
          '--mount',
          'sh',
          '-c',
          VIEW,
          'sh',
          ROOT,
          view,
          ...become,
          ...command.map((word) => word.replace(ROOT, view)),
        ]
      : command
  const hand = { wrap, cwd: home, env: { HOME: home } }
  const asUser = (command: readonly string[], options: RunOptions = {}) => runBy(hand, command, options)
  return {
    home,
    hand,
    run: asUser,
    fairlead: (args, options) => asUser([process.execPath, join(ROOT, 'bin/fairlead.mjs'), ...args], options),
    leave: () => rm(home, { recursive: true, force: true }),
  }
}
