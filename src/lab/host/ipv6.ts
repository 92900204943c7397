/** Whether a lab in namespaces can have IPv6 on this machine. */
import { describeError } from '../../core/errors.ts'
import { run } from '../command.ts'
import { CommandError } from '../errors.ts'
import { systemEnv } from '../system-env.ts'
import { namespaceCommand } from './namespace-command.ts'

/** Makes in a throw-away namespace what a lab makes. */
const TRIAL = `mount -t proc proc /proc &&
echo 1 > /proc/sys/net/ipv6/conf/all/forwarding &&
ip link add left0 type veth peer name right0 &&
ip addr add fd00:31::2/64 dev left0 nodad &&
ip link set left0 up &&
ip route add default via fd00:31::1 &&
nft 'add table ip6 t; add chain ip6 t c { type nat hook prerouting priority dstnat; }' &&
nft 'add rule ip6 t c ip6 daddr fd00:31::2 dnat to fd00:31::3'`

/** The command that tries it: it ends with 0, or says why not. */
export function ipv6Trial(): [string, ...string[]] {
  return [...namespaceCommand(), '/bin/sh', '-c', TRIAL]
}

/** Why it cannot; undefined when it can. */
export async function whyNoIpv6(): Promise<string | undefined> {
  try {
    await run(ipv6Trial(), { env: systemEnv() })
    return undefined
  } catch (error) {
    const reason = error instanceof CommandError ? error.stderr.trim() : describeError(error)
    return `this machine has no IPv6 (${reason})`
  }
}
