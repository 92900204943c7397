// Both ends of the transfer tests, run by plain node: `serve` in a pod, the other verbs in a client pod (one JSON line each).
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { hashOf, pattern, patternHash } from './pattern.mjs'

async function sendPattern(socket, total) {
  for (const chunk of pattern(total)) if (!socket.write(chunk)) await once(socket, 'drain')
  socket.end()
}

function listen(port, onConnection) {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    onConnection(socket)
  })
  server.listen(port, process.env.POD_IP)
}

function serve() {
  let sawReset = 'nothing'
  createHttpServer((request, response) => response.end(request.url === '/saw' ? sawReset : 'ok\n')).listen(
    7000,
    process.env.POD_IP,
  )
  // The client says how much it wants in one line.
  listen(7001, (socket) => socket.once('data', (line) => sendPattern(socket, Number(line)).catch(() => {})))
  listen(7002, async (socket) => socket.end(JSON.stringify(await hashOf(socket))))
  listen(7003, (socket) => {
    let bytes = 0
    socket.on('data', (chunk) => {
      bytes += chunk.length
    })
    socket.on('end', () => socket.end(`got ${bytes} bytes before the end`))
  })
  listen(7004, (socket) => socket.once('data', () => socket.resetAndDestroy()))
  listen(7005, (socket) => {
    void endOf(socket).then((how) => {
      sawReset = how
    })
    socket.write('ready')
  })
}

const dial = async (host, port) => {
  const socket = connect({ host, port: Number(port), allowHalfOpen: true })
  await once(socket, 'connect')
  return socket
}

async function download(host, port, total) {
  const socket = await dial(host, port)
  socket.write(`${total}\n`)
  return { ...(await hashOf(socket)), expected: patternHash(Number(total)) }
}

async function upload(host, port, total) {
  const socket = await dial(host, port)
  const answer = (async () => {
    let text = ''
    for await (const chunk of socket) text += chunk
    return JSON.parse(text)
  })()
  await sendPattern(socket, Number(total))
  return { ...(await answer), expected: patternHash(Number(total)) }
}

/** `count` readers ask for 64 MiB each and read nothing while another finishes; then they read on to the end. */
async function besideStalledReaders(host, port, count) {
  const size = 64 * 1024 * 1024
  const stalled = await Promise.all(
    Array.from({ length: Number(count) }, async () => {
      const socket = await dial(host, port)
      socket.pause()
      socket.write(`${size}\n`)
      return socket
    }),
  )
  const quick = await download(host, port, size)
  const rest = await Promise.all(stalled.map((socket) => hashOf(socket)))
  return {
    finished: quick.sha256 === quick.expected,
    stalledResumed: rest.every((one) => one.sha256 === quick.expected),
  }
}

async function expectReset(host, port) {
  const socket = await dial(host, port)
  socket.write('x')
  return { ended: await endOf(socket) }
}

function endOf(socket) {
  return new Promise((resolve) => {
    socket.resume()
    socket.on('error', (error) => resolve(error.code))
    socket.on('end', () => resolve('a clean end'))
  })
}

async function sendReset(host, port) {
  const socket = await dial(host, port)
  await once(socket, 'data')
  socket.resetAndDestroy()
  for (let tries = 0; tries < 100; tries++) {
    const saw = await (await fetch(`http://${host}:7000/saw`)).text()
    if (saw !== 'nothing') return { serverSaw: saw }
    await sleep(50)
  }
  return { serverSaw: 'nothing' }
}

const verbs = {
  download,
  upload,
  'beside-stalled-readers': besideStalledReaders,
  'expect-reset': expectReset,
  'send-reset': sendReset,
}
const [verb, ...args] = process.argv.slice(2)
if (verb === 'serve') serve()
else process.stdout.write(`${JSON.stringify(await verbs[verb](...args))}\n`)
