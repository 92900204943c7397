/** Small TCP servers and clients for tests, all on 127.0.0.1. */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A server that a test owns; closing it destroys its connections. */
export interface TestServer extends AsyncDisposable {
  readonly port: number
  readonly sockets: ReadonlySet<Socket>
}

/** Serves each connection with `handle` on a free port or the given one, half-open allowed. */
export async function serve(handle: (socket: Socket) => void, port = 0): Promise<TestServer> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    handle(socket)
  })
  server.listen({ port, host: '127.0.0.1', backlog: 4096 })
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    async [Symbol.asyncDispose]() {
      await closeServer(server, sockets)
    },
  }
}

async function closeServer(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy()
  await new Promise<void>((resolve) => server.close(() => resolve()))
}

/** A server that sends back what it gets, and FIN after FIN. */
export function serveEcho(): Promise<TestServer> {
  return serve((socket) => socket.pipe(socket))
}

/** A port of 127.0.0.1 that nothing listens at. */
export async function closedPort(): Promise<number> {
  const server = await serve(() => {})
  await server[Symbol.asyncDispose]()
  return server.port
}

/** Connects; rejects with the socket's error. */
export async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  await once(socket, 'connect')
  return socket
}

/** Gives `take` each piece until FIN; rejects on an error. Iterating over a socket would destroy it at its end. */
async function readPieces(socket: Socket, take: (piece: Buffer) => void): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.on('data', take).on('end', resolve).on('error', reject)
    socket.on('close', () => reject(new Error('closed before its end')))
  })
}

/** All that comes until FIN; rejects on reset. */
export async function readAll(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  await readPieces(socket, (piece) => chunks.push(piece))
  return Buffer.concat(chunks)
}

/** Sends `text` and FIN and reads the answer until FIN. */
export async function ask(port: number, text: string): Promise<string> {
  const socket = await dial(port)
  socket.end(text)
  return (await readAll(socket)).toString()
}

/** The code of the error that ends the socket, or `closed`. */
export async function howItEnds(socket: Socket): Promise<string> {
  return await new Promise((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    socket.on('close', () => resolve('closed'))
    socket.resume()
  })
}

/** Writes `megabytes` of random bytes and FIN, minding back-pressure; their SHA-256. */
export async function sendRandom(socket: Socket, megabytes: number): Promise<string> {
  const hash = createHash('sha256')
  const block = randomBytes(1024 * 1024)
  for (let index = 0; index < megabytes; index++) {
    block.writeUInt32BE(index)
    const piece = Buffer.from(block)
    hash.update(piece)
    if (!socket.write(piece)) await once(socket, 'drain')
  }
  socket.end()
  return hash.digest('hex')
}

/** SHA-256 of all that comes until FIN. */
export async function hashOf(socket: Socket): Promise<string> {
  const hash = createHash('sha256')
  await readPieces(socket, (piece) => hash.update(piece))
  return hash.digest('hex')
}
