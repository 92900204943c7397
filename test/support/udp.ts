/** Small UDP servers and clients for tests, on loopback. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'

/** A server that a test owns. */
export interface UdpServer extends AsyncDisposable {
  readonly port: number
  /** Ports that datagrams came from. */
  readonly clients: ReadonlySet<number>
}

/** Gives each datagram, and a way to answer it, to `handle`. */
export async function serveUdp(
  handle: (datagram: Buffer, answer: (datagram: Buffer) => void) => void,
  port = 0,
  host = '127.0.0.1',
): Promise<UdpServer> {
  const clients = new Set<number>()
  const socket = createSocket(typeOf(host), (datagram, { port: client, address }) => {
    clients.add(client)
    handle(datagram, (answer) => socket.send(answer, client, address))
  })
  await bound(socket, port, host)
  return { port: socket.address().port, clients, [Symbol.asyncDispose]: () => closed(socket) }
}

/** Sends back what it gets, with `name` before it. */
export function serveUdpEcho(name = '', port = 0): Promise<UdpServer> {
  const prefix = Buffer.from(name)
  return serveUdp((datagram, answer) => answer(Buffer.concat([prefix, datagram])), port)
}

/** A client with a socket of its own, which keeps what it is sent. */
export class UdpClient implements AsyncDisposable {
  readonly received: Buffer[] = []
  /** Codes of errors: the kernel's word that nobody listens. */
  readonly errors: string[] = []
  readonly #socket: Socket

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('message', (datagram) => this.received.push(datagram))
    socket.on('error', (error: NodeJS.ErrnoException) => this.errors.push(error.code ?? error.message))
  }

  /** Connected to `port`: it takes datagrams from there only. */
  static async to(port: number, host = '127.0.0.1'): Promise<UdpClient> {
    const socket = createSocket(typeOf(host))
    socket.connect(port, host)
    await once(socket, 'connect')
    // As much as one burst of the largest datagrams of these tests.
    socket.setRecvBufferSize(4 * 1024 * 1024)
    return new UdpClient(socket)
  }

  /** Its own port. */
  get port(): number {
    return this.#socket.address().port
  }

  get texts(): string[] {
    return this.received.map(String)
  }

  send(datagram: Buffer | string): void {
    this.#socket.send(datagram)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return closed(this.#socket)
  }
}

/** A port of 127.0.0.1 that nobody has. */
export async function closedUdpPort(): Promise<number> {
  const server = await serveUdp(() => {})
  await server[Symbol.asyncDispose]()
  return server.port
}

function typeOf(host: string): 'udp4' | 'udp6' {
  return isIPv6(host) ? 'udp6' : 'udp4'
}

async function bound(socket: Socket, port: number, host: string): Promise<void> {
  socket.bind(port, host)
  await once(socket, 'listening')
  socket.setRecvBufferSize(4 * 1024 * 1024)
}

async function closed(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => socket.close(() => resolve()))
}
