/** Child: the server behind every system. One port answers with what it gets, one sends as fast as it can. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

const BLOCK = Buffer.alloc(256 * 1024, 'x')

async function listen(handle: (socket: Socket) => void): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {})
    handle(socket)
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

function flood(socket: Socket): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(BLOCK)) {
      // As long as there is room.
    }
  }
  socket.on('drain', more).on('data', () => {})
  more()
}

const echo = await listen((socket) => socket.on('data', (chunk) => socket.write(chunk)))
process.on('SIGTERM', () => process.exit())
process.send?.({ echo, flood: await listen(flood) })
