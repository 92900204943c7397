/**
 * The shell script that makes a container's file system and becomes its first process. Pure text: the folders it uses
 * are prepared before.
 */
import type { Environment } from './environment.ts'
import { RootMode } from './root-plan.ts'
import { quote } from './shell.ts'

/** One file or folder to show at another place. Targets have no symbolic links in them. */
export interface Bind {
  readonly source: string
  readonly target: string
  readonly readOnly: boolean
}

/** An entry of `/` in skeleton mode. */
export interface RootEntry {
  readonly name: string
  /** Where it points to, when it is a symbolic link. */
  readonly link?: string
}

export interface ContainerRoot {
  readonly mode: RootMode
  /** Holds `root`, `upper` and `work`, in memory. Mount points of `binds` exist in `upper`. */
  readonly folder: string
  readonly binds: readonly Bind[]
  /** Mounts of the machine that are shown as they are. Only in overlay mode. */
  readonly shared: readonly string[]
  /** Only in skeleton mode. */
  readonly entries: readonly RootEntry[]
  readonly readOnly: boolean
}

export interface ContainerScript {
  readonly root: ContainerRoot
  readonly environment: Environment
  readonly command: readonly string[]
  readonly workingDir: string
  /** Flags of setpriv(1), or none. */
  readonly privileges: readonly string[]
}

/** Exit code of a container whose root could not be made. */
export const SETUP_FAILED = 125

/** Written to when the root is made: until then nothing may be executed in the container. */
const READY_FD = 3

/** The script; it stays as first process, so that nobody is left unreaped, and ends as the command does. */
export function containerScript(container: ContainerScript): string {
  const { folder, mode, readOnly } = container.root
  const root = `${folder}/root`
  return [
    `fail() { echo "the lab cannot set up this container: $1" >&2; exit ${SETUP_FAILED}; }`,
    ...(mode === RootMode.overlay ? overlayRoot(container.root) : skeletonRoot(container.root)),
    ...kernelFolders(root),
    ...container.root.binds.flatMap((bind) => bindLines(root, bind)),
    `cd ${quote(root)} && pivot_root . .outside && umount -l /.outside || fail root`,
    ...(readOnly ? ['mount -o remount,bind,ro / || fail "read-only root"'] : []),
    `cd ${quote(container.workingDir)} || fail "working directory"`,
    `echo >&${READY_FD} && exec ${READY_FD}>&-`,
    ...commandLines(container),
    'exit $?',
  ].join('\n')
}

/** Layers are named relative to the folder: a path with a comma or a colon would be taken for several. */
function overlayRoot({ folder, shared }: ContainerRoot): string[] {
  const root = `${folder}/root`
  return [
    `cd ${quote(folder)} && mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work ${quote(root)} || fail overlay`,
    ...shared.map((path) => `mount --bind ${quote(path)} ${quote(root + path)} || fail ${quote(path)}`),
  ]
}

function skeletonRoot({ folder, entries }: ContainerRoot): string[] {
  const root = quote(`${folder}/root`)
  return [
    `cd ${quote(folder)} && mount --bind ${root} ${root} || fail root`,
    ...entries.flatMap((entry) => skeletonEntry(folder, entry)),
  ]
}

/** A folder that the kernel lets nobody lay anything over is shown as it is. */
function skeletonEntry(folder: string, { name, link }: RootEntry): string[] {
  const target = quote(`${folder}/root/${name}`)
  if (link !== undefined) return [`ln -s ${quote(link)} ${target} || fail ${quote(name)}`]
  const options = `lowerdir=/${name},upperdir=upper/${name},workdir=work/${name}`
  return [
    `mkdir -p ${target}`,
    `mount -t overlay overlay -o ${options} ${target} 2>/dev/null || mount --rbind ${quote(`/${name}`)} ${target} || fail ${quote(name)}`,
  ]
}

function kernelFolders(root: string): string[] {
  const at = (name: string) => quote(`${root}/${name}`)
  return [
    `mount -t proc proc ${at('proc')} || fail proc`,
    `mount -t sysfs sysfs ${at('sys')} 2>/dev/null || mount --rbind /sys ${at('sys')} || fail sys`,
    `mount --rbind /dev ${at('dev')} || fail dev`,
    `if [ -d ${at('dev/shm')} ]; then mount -t tmpfs tmpfs ${at('dev/shm')} || fail dev/shm; fi`,
  ]
}

function bindLines(root: string, { source, target, readOnly }: Bind): string[] {
  const place = quote(root + target)
  const bind = `mount --rbind ${quote(source)} ${place} || fail ${quote(target)}`
  return readOnly ? [bind, `mount -o remount,bind,ro ${place} || fail ${quote(target)}`] : [bind]
}

/** Names that a shell cannot hold are handed over by env(1). */
function commandLines({ environment, command, privileges }: ContainerScript): string[] {
  const entries = [...environment].filter(([name]) => !isShellName(name))
  const words = [
    ...(privileges.length === 0 ? [] : ['setpriv', ...privileges, '--']),
    ...(entries.length === 0 ? [] : ['env', ...entries.map(([name, value]) => `${name}=${value}`)]),
    ...command,
  ]
  const own = [...environment].filter(([name]) => isShellName(name))
  return [...own.map(([name, value]) => `export ${name}=${quote(value)}`), words.map(quote).join(' ')]
}

function isShellName(name: string): boolean {
  return /^[A-Za-z_]\w*$/.test(name)
}
