/**
 * Child: the servers behind every system, each in a process of its own so that one does not delay the other: 64 bytes
 * for each 64 bytes (`echo`), bytes without end (`flood`), or each datagram back (`datagrams`).
 */
import { createSocket, type SocketOptions } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { HOST, type PortName } from './ports.ts'

/** One write of the flood: large, so that the sender is cheap beside the relays. */
const BLOCK = Buffer.alloc(1024 * 1024, 'x')

/** Kernel buffer for datagrams, bytes (the kernel may give less): what is lost should be lost by the relays. */
const DATAGRAM_BUFFER = 4 * 1024 * 1024

const SERVERS: Partial<Record<PortName, () => Promise<number>>> = {
  echo: () => listen((socket) => socket.on('data', (chunk) => socket.write(chunk))),
  flood: () => listen(flood),
  datagrams: echoDatagrams,
}

async function listen(handle: (socket: Socket) => void): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {})
    handle(socket)
  })
  server.listen({ port: 0, host: HOST, backlog: 4096 })
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

/** The addresses we answer are numbers: saves a turn of the event loop for each datagram. */
const alreadyAddress: NonNullable<SocketOptions['lookup']> = (address, _options, callback) => {
  callback(null, address, 4)
}

async function echoDatagrams(): Promise<number> {
  const socket = createSocket({
    type: 'udp4',
    lookup: alreadyAddress,
    recvBufferSize: DATAGRAM_BUFFER,
    sendBufferSize: DATAGRAM_BUFFER,
  })
  socket.on('message', (message, { port, address }) => socket.send(message, port, address))
  const listening = once(socket, 'listening')
  socket.bind(0, HOST)
  await listening
  return socket.address().port
}

const name = JSON.parse(process.argv[2] ?? '""') as PortName
const port = await SERVERS[name]?.()
process.on('SIGTERM', () => process.exit()).on('disconnect', () => process.exit())
process.send?.({ [name]: port })
