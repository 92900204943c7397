/**
 * Whether the ports that the kernel chooses by itself keep clear of those that stand for global addresses. Where they do
 * not, agents would drop connections of clients without a global address, or give them somebody else's.
 */
import { readFile } from 'node:fs/promises'
import { SOURCE_PORTS } from '../../api/names.ts'
import { UsageError } from '../../core/errors.ts'

/** net.ipv4.ip_local_port_range of the network that the process is in. */
const RANGE_FILE = '/proc/sys/net/ipv4/ip_local_port_range'

/** Throws UsageError when the ranges overlap; where there is no such file nothing is known. */
export async function requireEphemeralPortsBelow(file = RANGE_FILE): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const last = /^\s*\d+\s+(\d+)\s*$/.exec(text)?.[1]
  if (last === undefined || Number(last) < SOURCE_PORTS.first) return
  throw new UsageError(
    `--globalnet needs the sysctl net.ipv4.ip_local_port_range of the pod to end below ${SOURCE_PORTS.first}, and it ends at ${last}`,
  )
}
