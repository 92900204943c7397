/** Options of the benchmark of the resolver. */
import { NamedOptions } from '../named-options.ts'

export interface DnsOptions {
  readonly rounds: number
  /** Milliseconds of one measurement. */
  readonly ms: number
  /** Only these systems, by name; all when empty. */
  readonly only: readonly string[]
  /** Only these rows, by name; all when empty. */
  readonly rows: readonly string[]
}

const USAGE =
  'rounds=5 ms=3000 only=fairlead,dnsmasq,coredns,"bare node" rows=a,headless,srv,nxdomain (PROFILE=DIR keeps CPU profiles)'

/** Throws on what it does not know. */
export function parseDnsOptions(args: readonly string[]): DnsOptions {
  const given = new NamedOptions(args, USAGE)
  const options = {
    rounds: given.positive('rounds', 5),
    ms: given.positive('ms', 3000),
    only: given.words('only'),
    rows: given.words('rows'),
  }
  given.end()
  return options
}
