// Both ends of the client identity tests, run by plain node: `serve` in a pod answers each line with what the PROXY header
// before it said; `watch SERVICE...` asks again and again and prints a JSON line each time; `ask SERVICE` asks once.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

const PORT = 7500
const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
/** Types of haproxy's doc/proxy-protocol.txt, and of docs/traffic-policy.md. */
const TLV = { 5: 'flow', 224: 'cluster', 225: 'namespace', 226: 'pod', 227: 'serviceAccount' }

/** The header at the start of `bytes`, and its length; undefined while it is not whole. */
function readHeader(bytes) {
  if (bytes.length >= 16 && bytes.subarray(0, 12).equals(SIGNATURE)) return readVersion2(bytes)
  if (SIGNATURE.subarray(0, bytes.length).equals(bytes)) return undefined
  const line = bytes.toString('latin1')
  if (!line.startsWith('PROXY ')) return { length: 0, header: { version: 0 } }
  const end = line.indexOf('\r\n')
  if (end < 0) return undefined
  const [, family, source, destination, sourcePort, destinationPort] = line.slice(0, end).split(' ')
  return {
    length: end + 2,
    header: {
      version: 1,
      family,
      source: `${source}:${sourcePort}`,
      destination: `${destination}:${destinationPort}`,
    },
  }
}

function readVersion2(bytes) {
  const length = 16 + bytes.readUInt16BE(14)
  if (bytes.length < length) return undefined
  const address = (at) => bytes.subarray(at, at + 4).join('.')
  const header = {
    version: 2,
    command: bytes[12] & 15,
    family: bytes[13],
    source: `${address(16)}:${bytes.readUInt16BE(24)}`,
    destination: `${address(20)}:${bytes.readUInt16BE(26)}`,
  }
  for (let at = 28; at < length; at += 3 + bytes.readUInt16BE(at + 1)) {
    const name = TLV[bytes[at]] ?? `type ${bytes[at]}`
    header[name] = bytes.toString('utf8', at + 3, at + 3 + bytes.readUInt16BE(at + 1))
  }
  return { length, header }
}

function serve() {
  createServer((socket) => {
    let bytes = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk])
      const found = readHeader(bytes)
      if (found === undefined || bytes.indexOf('\n', found.length) < 0) return
      const said = bytes.toString('utf8', found.length).trim()
      socket.end(`${JSON.stringify({ ...found.header, said })}\n`)
    })
  }).listen(PORT, process.env.POD_IP)
}

/** What the service saw of us, beside what we see of ourselves. */
async function askOne(service) {
  const socket = connect({ host: `${service}.demo.svc.clusterset.local`, port: PORT })
  await once(socket, 'connect')
  const us = `${socket.localAddress}:${socket.localPort}`
  const named = `${socket.remoteAddress}:${socket.remotePort}`
  socket.write(`${service}\n`)
  const lines = createInterface({ input: socket })
  const [line] = await once(lines, 'line')
  socket.destroy()
  return { us, named, ...JSON.parse(line) }
}

async function ask(...services) {
  const answers = await Promise.all(
    services.map((service) => askOne(service).catch((error) => ({ failed: error.code ?? error.message }))),
  )
  process.stdout.write(
    `${JSON.stringify(Object.fromEntries(services.map((service, i) => [service, answers[i]])))}\n`,
  )
}

async function watch(...services) {
  for (;;) {
    await ask(...services)
    await sleep(300)
  }
}

const verbs = { serve, ask, watch }
const [verb, ...args] = process.argv.slice(2)
await verbs[verb](...args)
