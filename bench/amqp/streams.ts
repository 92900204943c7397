/** One byte stream to the peer, as a flow on a shared connection or as a TLS connection of its own. */
import { once } from 'node:events'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { DataConnection } from '../../src/amqp/data-connection.ts'
import { systemClock } from '../../src/core/clock.ts'
import { silentLogger } from '../../src/core/log.ts'
import type { PeerPorts, PeerSetup } from './messages.ts'
import { tlsOptions } from './tls.ts'

export interface Calls {
  onData(chunk: Buffer): void
  onEnd(): void
  /** Writing may go on. */
  onDrain(): void
}

export interface Stream {
  /** Whether more may be written now. */
  write(chunk: Buffer): boolean
  end(): void
}

/** A way to have streams. */
export interface Transport {
  readonly name: string
  open(kind: 'sink' | 'echo', calls: Calls): Promise<Stream>
  close(): void
}

async function dial(setup: PeerSetup, port: number): Promise<TLSSocket> {
  const halfOpen = { allowHalfOpen: true } // absent from the types of tls.connect
  const options: ConnectionOptions = { ...tlsOptions(setup), port, host: '127.0.0.1', ...halfOpen }
  const socket = connect(options)
  await once(socket, 'secureConnect')
  socket.setNoDelay(true)
  socket.on('error', () => {})
  return socket
}

/** Flows on one connection. */
export async function flows(setup: PeerSetup, ports: PeerPorts): Promise<Transport> {
  const socket = await dial(setup, ports.amqp)
  const refuse = () => {
    throw new Error('the peer opens no flows')
  }
  const deps = { clock: systemClock, logger: silentLogger, accept: refuse }
  const connection = new DataConnection(socket, deps, { side: 'dialer', containerId: 'bench' })
  connection.start()
  return {
    name: 'fairlead',
    open: async (kind, calls) => openFlow(connection, kind, calls),
    close: () => connection.close(),
  }
}

function openFlow(connection: DataConnection, kind: string, calls: Calls): Stream {
  const client = { address: '127.0.0.1', port: 1 }
  const channel = connection.open(
    { service: `bench/${kind}`, protocol: 'TCP', port: 80, client },
    (made) => ({
      onAccept: () => {},
      onReset: ({ description }) => {
        throw new Error(description)
      },
      onData(chunk) {
        calls.onData(chunk)
        made.consumed(chunk.length)
      },
      onEnd: () => calls.onEnd(),
      onDrain: () => calls.onDrain(),
      onAcked: () => {},
      onClosed: () => {},
    }),
  )
  return {
    write(chunk) {
      channel.write(chunk)
      return channel.writable > 0
    },
    end: () => channel.end(),
  }
}

/** A TLS connection for each stream. */
export function sockets(setup: PeerSetup, ports: PeerPorts): Transport {
  return {
    name: 'TLS per stream',
    async open(kind, calls) {
      const socket = await dial(setup, ports[kind])
      socket.on('data', calls.onData).on('end', calls.onEnd).on('drain', calls.onDrain)
      return { write: (chunk) => socket.write(chunk), end: () => socket.end() }
    },
    close: () => {},
  }
}
