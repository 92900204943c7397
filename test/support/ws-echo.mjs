// A WebSocket echo server (`serve`) and its client, for the test that WebSockets pass the mesh.
import { once } from 'node:events'
import { WebSocket, WebSocketServer } from 'ws'

async function echo(url) {
  const socket = new WebSocket(url)
  await once(socket, 'open')
  const answers = []
  for (const message of ['first', 'x'.repeat(100_000), 'last']) {
    socket.send(message)
    const [data] = await once(socket, 'message')
    answers.push(String(data) === message)
  }
  socket.close(1000, 'bye')
  const [code] = await once(socket, 'close')
  return { answers, code }
}

const [verb, url] = process.argv.slice(2)
if (verb === 'serve') {
  const server = new WebSocketServer({ host: process.env.POD_IP, port: 9000 })
  server.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })))
} else {
  // No await at the top level: the bundle is CommonJS. A rejection ends the process with its message.
  void echo(url).then((result) => process.stdout.write(`${JSON.stringify(result)}\n`))
}
