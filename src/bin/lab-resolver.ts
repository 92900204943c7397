/**
 * Loaded into Node programs of loopback mode's pods (node --import): has them ask the cluster's DNS, which elsewhere
 * /etc/resolv.conf does.
 */
import dns, { type LookupAddress, type LookupOptions } from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import { clusterLookup, type Lookup } from '../lab/loopback/cluster-lookup.ts'

const server = process.env['FAIRLEAD_DNS']
if (server !== undefined) {
  const lookup = clusterLookup(server, dns.lookup as unknown as Lookup)
  // node:net reads this property at every connection.
  Object.assign(dns, {
    lookup: (hostname: string, ...rest: readonly unknown[]) => {
      const callback = rest.at(-1) as Parameters<Lookup>[2]
      const options = rest.length > 1 ? (rest[0] as Parameters<Lookup>[1]) : {}
      lookup(hostname, options, callback)
    },
  })
  Object.assign(dns.promises, {
    lookup: (hostname: string, options: LookupOptions = {}) =>
      new Promise<LookupAddress | LookupAddress[]>((resolve, reject) => {
        lookup(hostname, options, (error, address, family) => {
          if (error !== null) reject(error)
          else resolve(typeof address === 'string' ? { address, family: family ?? 4 } : address)
        })
      }),
  })
  // What was imported by name from these modules changes too.
  syncBuiltinESMExports()
}
