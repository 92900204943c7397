/** Runs a command of the host inside a client pod: in the pod's network and with its resolv.conf, on this machine's files. */
import type { ClientPod } from './control/protocol.ts'
import { dieWithParent } from './loopback/die-with-parent.ts'

/** $1 resolv.conf, $2 nsswitch.conf, then the command. It dies with whoever started it. */
const SCRIPT = `resolv=$1 nsswitch=$2
shift 2
mount --bind "$resolv" /etc/resolv.conf || exit 125
if [ -e /etc/nsswitch.conf ]; then mount --bind "$nsswitch" /etc/nsswitch.conf || exit 125; fi
if [ -d /run/nscd ]; then mount -t tmpfs tmpfs /run/nscd || exit 125; fi
exec setpriv --pdeathsig KILL -- "$@"`

/** The command line that runs `command` in `pod`. All of it happens in one process, so that its exit is the command's. */
export function execCommandLine(pod: ClientPod, command: readonly string[]): [string, ...string[]] {
  if (pod.namespaces === undefined) return dieWithParent(command)
  const { user, net, uts } = pod.namespaces
  return [
    'nsenter',
    ...(user === undefined ? [] : [`--user=${user}`, '--preserve-credentials']),
    `--net=${net}`,
    `--uts=${uts}`,
    '--',
    ...['unshare', '--mount', '--', '/bin/sh', '-c', SCRIPT, 'exec', pod.resolvConf, pod.nsswitchConf],
    ...command,
  ]
}
