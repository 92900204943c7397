/**
 * How a container gets a root file system that looks like the machine's and that it may change: a pure plan made from
 * the mounts there are. Writes go to layers in memory; the machine's own files are never touched.
 */

/** One line of /proc/self/mountinfo, reduced. */
export interface Mount {
  readonly path: string
  readonly type: string
}

/**
 * `overlay`: one overlay of `/`, where the kernel allows it. `skeleton`: an empty root with an overlay for each folder
 * of `/`: user namespaces may not lay anything over a folder that has mounts of others below it.
 */
export const RootMode = { overlay: 'overlay', skeleton: 'skeleton' } as const
export type RootMode = (typeof RootMode)[keyof typeof RootMode]

/** File systems that hold files of people; all others are the kernel's or somebody's cache. */
const REAL_TYPES = new Set(
  'ext2 ext3 ext4 xfs btrfs f2fs zfs bcachefs jfs reiserfs nfs nfs4 9p virtiofs cifs'.split(' '),
)

/** Folders that every container gets fresh. */
const FRESH = ['/proc', '/sys', '/dev', '/run']

/** Parses /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export function parseMounts(text: string): readonly Mount[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [left = '', right = ''] = line.split(' - ')
      const path = left.split(' ')[4] ?? ''
      return {
        path: path.replace(/\\(\d{3})/g, (_, octal: string) =>
          String.fromCharCode(Number.parseInt(octal, 8)),
        ),
        type: right.split(' ')[0] ?? '',
      }
    })
}

/** Mount points besides `/` whose files containers see as they are, outer ones first: an overlay of `/` ends where they begin. */
export function sharedMounts(mounts: readonly Mount[]): readonly string[] {
  const real = mounts.filter(
    ({ path, type }) => path !== '/' && REAL_TYPES.has(type) && !FRESH.some((fresh) => isInside(path, fresh)),
  )
  return [...new Set(real.map(({ path }) => path))].sort()
}

/** True when `path` is `folder` or below it. */
function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)
}
