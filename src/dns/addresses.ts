/**
 * IP addresses as DNS carries them.
 */
import { isIPv4, isIPv6 } from 'node:net'

/** Addresses by family. */
export interface Addresses {
  readonly ipv4: readonly string[]
  readonly ipv6: readonly string[]
}

/** Sorts addresses by family, each once. What is no address is left out. */
export function byFamily(addresses: Iterable<string>): Addresses {
  const all = [...new Set(addresses)]
  return { ipv4: all.filter(isIPv4), ipv6: all.filter(isPlainIPv6) }
}

/** An IPv6 address that an AAAA record can hold: no scope such as `%eth0`, and no dotted IPv4 part. */
function isPlainIPv6(address: string): boolean {
  return isIPv6(address) && !/[%.]/.test(address)
}
