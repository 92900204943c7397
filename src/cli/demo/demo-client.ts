/**
 * What stands in for curl where curl is missing, or cannot be told which DNS server to ask (loopback mode).
 */

/**
 * Run by `node --eval` in a client pod: prints the body of the URL it is given. Asks FAIRLEAD_DNS when the pod has no
 * resolv.conf of its own. Like the demo's curl it asks again, for 20 s, until the import is there.
 */
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
const ask = (left) => {
  const failed = (reason) => {
    if (left > 0) return setTimeout(ask, 500, left - 1)
    console.error('fetch ' + url + ': ' + reason)
    process.exit(1)
  }
  const request = http.get(url, { lookup, timeout: 5000 }, (response) => {
    if (response.statusCode === 200) return response.pipe(process.stdout)
    response.resume()
    failed('status ' + response.statusCode)
  })
  request.on('timeout', () => request.destroy(new Error('no answer within 5 s')))
  request.on('error', (error) => failed(error.message))
}
ask(40)
`
