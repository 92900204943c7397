/** Without a process namespace, the kernel's parent-death signal keeps the lab's processes from outliving it. */

/** `command` as it has to be called to be killed when whoever calls it ends. */
export function dieWithParent(command: readonly string[]): [string, ...string[]] {
  return ['setpriv', '--pdeathsig', 'KILL', '--', ...command]
}
