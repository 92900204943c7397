/** The command that puts another one into the namespaces of a lab. */

const NAMESPACES = ['--pid', '--fork', '--kill-child', '--mount', '--net', '--uts', '--ipc']

/** Ordinary users get the namespaces inside a user namespace of their own. */
export function needsUserNamespace(): boolean {
  return process.getuid?.() !== 0
}

/** unshare(1) and its flags. */
export function namespaceCommand(): [string, ...string[]] {
  return ['unshare', ...(needsUserNamespace() ? ['--user', '--map-root-user'] : []), ...NAMESPACES]
}
