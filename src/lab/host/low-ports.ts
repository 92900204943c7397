/** Whether this user may listen at ports below 1024. */
import { readFileSync } from 'node:fs'
import { errorCode } from '../../core/errors.ts'
import { LOW_PORTS } from '../limits.ts'

const FIRST_FREE = '/proc/sys/net/ipv4/ip_unprivileged_port_start'

/** True for root, and where the machine lets everybody have port 53. */
export function mayUseLowPorts(): boolean {
  if (process.getuid?.() === 0) return true
  return firstFreePort() <= 53
}

function firstFreePort(): number {
  try {
    return Number(readFileSync(FIRST_FREE, 'utf8'))
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return LOW_PORTS
    throw error
  }
}
