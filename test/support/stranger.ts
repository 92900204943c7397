/** Clients of the link port that do not play by the rules. */
import { readFile } from 'node:fs/promises'
import { type Socket, connect as tcpConnect } from 'node:net'
import { join } from 'node:path'
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from 'node:tls'
import rhea from 'rhea'
import { Alpn } from '../../src/api/names.ts'
import { TLS_FILES } from '../../src/link/credential-source.ts'

/** A TCP connection that says nothing by itself. */
export function plainSocket(port: number): Promise<Socket> {
  const socket = tcpConnect({ host: '127.0.0.1', port })
  socket.on('error', () => {})
  return new Promise((resolve) => socket.once('connect', () => resolve(socket)))
}

/** A TLS socket with the certificate of a folder; resolves when the client's side of the handshake is over. */
export async function tlsSocket(
  port: number,
  dir: string | undefined,
  options: ConnectionOptions = {},
): Promise<TLSSocket> {
  const files =
    dir === undefined
      ? {}
      : {
          cert: await readFile(join(dir, TLS_FILES.certificate)),
          key: await readFile(join(dir, TLS_FILES.key)),
        }
  const socket = tlsConnect({
    host: '127.0.0.1',
    port,
    rejectUnauthorized: false,
    ALPNProtocols: [Alpn.control],
    ...files,
    ...options,
  })
  socket.on('error', () => {}).resume()
  await new Promise<void>((resolve) => {
    socket.once('secureConnect', resolve)
    socket.once('close', () => resolve())
  })
  return socket
}

/** Resolves when the other side has closed the connection. */
export function gone(socket: Socket): Promise<void> {
  if (socket.destroyed) return Promise.resolve()
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

/** What a scripted peer does on a control connection, and what it was told at its end. */
export interface ScriptedPeer {
  send(message: unknown): void
  /** The error condition the other side closed with; undefined when it gave none. */
  readonly closed: Promise<string | undefined>
}

/** An AMQP client that sends whatever JSON it likes on the control links. */
export function scriptedPeer(socket: TLSSocket): ScriptedPeer {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const connection = rhea.create_container({ id: 'stranger' }).create_connection({
    port: 0,
    host: '',
    reconnect: false,
    connection_details: () => ({
      port: 0,
      host: '',
      connect: (_port: number, _host: string, _options: unknown, connected: () => void) => {
        process.nextTick(connected)
        return socket
      },
    }),
  })
  connection.on('connection_error', () => {})
  connection.on('connection_close', () => {
    const error = connection.error as { condition?: string } | undefined
    resolve(error?.condition)
  })
  connection.on('disconnected', () => resolve(undefined))
  connection.connect()
  const sender = connection.open_sender({ name: 'fairlead-control-out', target: 'fairlead-control' })
  connection.open_receiver({ name: 'fairlead-control-in', source: 'fairlead-control' })
  return {
    closed: promise,
    send: (message) => {
      sender.send({ body: rhea.message.data_section(Buffer.from(JSON.stringify(message))) })
    },
  }
}
