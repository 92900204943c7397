// A peer in a network namespace. `serve NAME tcp|udp PORT [ADDRESS]`: answers with its name and whom it sees. `ask tcp|udp
// HOST PORT [SOURCE PORT]`: prints the answer, or the code of the error. `talk` with the same: asks for each line of input.
// `relay PORT PATH`: hands TCP connections on to a socket in the file system, which namespaces share.
import { createSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'

const [mode, ...args] = process.argv.slice(2)
const PATIENCE_MS = 4000
const print = (line) => process.stdout.write(`${line}\n`)

if (mode === 'relay') relay(...args)
else if (mode === 'serve') serve(...args)
else if (mode === 'ask') ask(...args)
else talk(...args)

function serve(name, protocol, port, address = '0.0.0.0') {
  if (protocol === 'tcp') {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', () => socket.write(`${name} sees ${socket.remoteAddress}\n`))
    })
    server.listen(Number(port), address, () => print('ready'))
    return
  }
  const socket = createSocket('udp4')
  socket.on('message', (_, peer) => socket.send(`${name} sees ${peer.address}`, peer.port, peer.address))
  socket.bind(Number(port), address, () => print('ready'))
}

function relay(port, path) {
  const server = createServer((socket) => {
    const other = connect(path)
    socket.pipe(other).pipe(socket)
    for (const each of [socket, other]) each.on('error', () => [socket, other].map((end) => end.destroy()))
  })
  server.listen(Number(port), '127.0.0.1', () => print('ready'))
}

function ask(protocol, host, port, localPort) {
  setTimeout(() => finish('silence'), PATIENCE_MS)
  if (protocol === 'tcp') {
    const socket = connect(options(host, port, localPort), () => socket.write('?'))
    socket.on('error', ({ code }) => finish(code))
    socket.on('data', (data) => finish(String(data).trim()))
    return
  }
  const socket = createSocket('udp4')
  socket.on('error', ({ code }) => finish(code))
  socket.on('message', (data) => finish(String(data)))
  socket.bind(Number(localPort ?? 0), () => socket.connect(Number(port), host, () => socket.send('?')))
}

function options(host, port, localPort) {
  return { host, port: Number(port), ...(localPort && { localPort: Number(localPort) }) }
}

function finish(line) {
  process.stdout.write(`${line}\n`, () => process.exit(0))
}

/** One TCP connection or one UDP socket for all of it. */
function talk(protocol, host, port, localPort) {
  if (protocol === 'tcp') {
    const socket = connect(options(host, port, localPort), () => print('ready'))
    socket.on('error', ({ code }) => finish(code))
    socket.on('data', (data) => print(String(data).trim()))
    createInterface({ input: process.stdin }).on('line', () => socket.write('?'))
    return
  }
  const socket = createSocket('udp4')
  socket.on('error', ({ code }) => print(code))
  socket.on('message', (data) => print(String(data)))
  socket.bind(Number(localPort ?? 0), () =>
    socket.connect(Number(port), host, () => {
      print('ready')
      createInterface({ input: process.stdin }).on('line', () => socket.send('?'))
    }),
  )
}
