/** Name lookups that ask the cluster's DNS first, in the shape of node:dns' `lookup`. */

import type { LookupAddress, LookupAllOptions, LookupOptions } from 'node:dns'
import { Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'

/** Zones that only the cluster's DNS knows. */
const CLUSTER_NAME = /(^|\.)(svc|cluster\.local|clusterset\.local)\.?$/

export type LookupCallback = (error: Error | null, address: string | LookupAddress[], family?: number) => void

export type Lookup = (
  hostname: string,
  options: LookupOptions | LookupAllOptions | number | undefined,
  callback: LookupCallback,
) => void

/** A lookup that asks `server` (address:port) for names of the cluster and `original` for all others. */
export function clusterLookup(server: string, original: Lookup): Lookup {
  const resolver = new Resolver({ timeout: 1_000, tries: 2 })
  resolver.setServers([server])
  return (hostname, options, callback) => {
    if (isIP(hostname) !== 0 || !CLUSTER_NAME.test(hostname)) {
      original(hostname, options, callback)
      return
    }
    resolver.resolve4(qualified(hostname)).then(
      (addresses) => answer(addresses, options, callback),
      (error: Error) => callback(error, ''),
    )
  }
}

/** `name.namespace.svc` is searched for in cluster.local, as a pod's resolv.conf says. */
function qualified(hostname: string): string {
  const name = hostname.replace(/\.$/, '')
  return name.endsWith('.svc') ? `${name}.cluster.local` : name
}

function answer(
  addresses: readonly string[],
  options: Parameters<Lookup>[1],
  callback: LookupCallback,
): void {
  const found = addresses.map((address) => ({ address, family: 4 }))
  if (typeof options === 'object' && options.all) callback(null, found)
  else callback(null, found[0]?.address ?? '', 4)
}
