/**
 * Loaded into Node programs of loopback mode's pods (node --import): has them ask the cluster's DNS, which elsewhere
 * /etc/resolv.conf does.
 */
import dns from 'node:dns'
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
}
