/** The other end of the benchmark, in a process of its own: flows, and TLS connections to compare with. */
import type { AddressInfo } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { DataConnection } from '../../src/amqp/data-connection.ts'
import type { FlowAcceptor, FlowHandler } from '../../src/amqp/flow-transport.ts'
import { systemClock } from '../../src/core/clock.ts'
import { silentLogger } from '../../src/core/log.ts'
import type { PeerSetup } from './messages.ts'
import { tlsOptions } from './tls.ts'

/** `bench/sink` answers with the number of bytes it got, `bench/echo` with the bytes. */
const accept: FlowAcceptor = (request, channel): FlowHandler => {
  const isSink = request.service === 'bench/sink'
  let received = 0
  channel.accept()
  return {
    onAccept: () => {},
    onDrain: () => {},
    onAcked: () => {},
    onClosed: () => {},
    onReset: () => {},
    onData(chunk) {
      received += chunk.length
      if (!isSink) channel.write(chunk)
      channel.consumed(chunk.length)
    },
    onEnd() {
      if (isSink) channel.write(Buffer.from(String(received)))
      channel.end()
    },
  }
}

async function listen(setup: PeerSetup, onSocket: (socket: TLSSocket) => void): Promise<number> {
  const server: Server = createServer(
    { ...tlsOptions(setup), requestCert: true, allowHalfOpen: true },
    (socket) => {
      socket.setNoDelay(true)
      socket.on('error', () => {})
      onSocket(socket)
    },
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

function sink(socket: TLSSocket): void {
  let received = 0
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length
  })
  socket.on('end', () => socket.end(String(received)))
}

process.once('message', async (setup: PeerSetup) => {
  const deps = { clock: systemClock, logger: silentLogger, accept }
  const amqp = await listen(setup, (socket) =>
    new DataConnection(socket, deps, { side: 'acceptor', containerId: 'peer' }).start(),
  )
  const ports = {
    amqp,
    sink: await listen(setup, sink),
    echo: await listen(setup, (socket) => socket.pipe(socket)),
  }
  process.send?.(ports)
})
process.once('disconnect', () => process.exit(0))
