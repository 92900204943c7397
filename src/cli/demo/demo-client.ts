/**
 * What stands in for curl where curl is missing, or cannot be told which DNS server to ask (loopback mode).
 */

/** Run by `node --eval` in a client pod: prints the body of the URL it is given. Asks FAIRLEAD_DNS when the pod has no resolv.conf of its own. */
export const FETCH_SCRIPT = `
const http = require('node:http')
const { Resolver } = require('node:dns')
const [url, server] = process.argv.slice(1)
const resolver = new Resolver()
if (server !== undefined) resolver.setServers([server])
const lookup = (name, options, done) =>
  resolver.resolve4(name, (error, addresses) => {
    if (error) return done(error)
    if (options.all) return done(null, addresses.map((address) => ({ address, family: 4 })))
    done(null, addresses[0], 4)
  })
http
  .get(url, { lookup, timeout: 5000 }, (response) => response.pipe(process.stdout))
  .on('error', (error) => {
    console.error('fetch ' + url + ': ' + error.message)
    process.exit(1)
  })
`
