/** A listening port that speaks AMQP through DataConnection, as the router's data port does. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { type CloseReason, DataConnection } from '../../src/amqp/data-connection.ts'
import type { DataConnectionConfig } from '../../src/amqp/engine/config.ts'
import type { FlowAcceptor, FlowError, FlowHandler, FlowRequest } from '../../src/amqp/flow-transport.ts'
import { systemClock } from '../../src/core/clock.ts'
import { silentLogger } from '../../src/core/log.ts'

/** One flow the server accepted, with all that happened to it. */
export interface SeenFlow {
  readonly request: FlowRequest
  readonly chunks: Buffer[]
  readonly ended: boolean
  readonly reset: FlowError | undefined
}

export class AmqpServer implements AsyncDisposable {
  readonly connections: DataConnection[] = []
  readonly closed: CloseReason[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server) {
    this.#server = server
  }

  /** Listens on a free port of loopback. */
  static async listen(accept: FlowAcceptor, config: Partial<DataConnectionConfig> = {}): Promise<AmqpServer> {
    const server = new AmqpServer(createServer({ allowHalfOpen: true, noDelay: true }))
    server.#server.on('connection', (socket) => server.#onSocket(socket, accept, config))
    server.#server.listen(0, '127.0.0.1')
    await once(server.#server, 'listening')
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #onSocket(socket: Socket, accept: FlowAcceptor, config: Partial<DataConnectionConfig>): void {
    this.#sockets.add(socket)
    const onClose = (reason: CloseReason) => this.closed.push(reason)
    const deps = { clock: systemClock, logger: silentLogger, accept, onClose }
    const connection = new DataConnection(socket, deps, {
      side: 'acceptor',
      containerId: 'server',
      ...config,
    })
    this.connections.push(connection)
    connection.start()
  }
}

/** Keeps what comes; the flow is answered as `behave` says. */
export function recorder(
  behave: (request: FlowRequest, channel: Parameters<FlowAcceptor>[1]) => Partial<FlowHandler>,
): { accept: FlowAcceptor; flows: SeenFlow[] } {
  const flows: SeenFlow[] = []
  const accept: FlowAcceptor = (request, channel) => {
    const flow = { request, chunks: [] as Buffer[], ended: false, reset: undefined as FlowError | undefined }
    flows.push(flow)
    const calls = behave(request, channel)
    return {
      onAccept: () => {},
      onDrain: () => calls.onDrain?.(),
      onAcked: () => {},
      onClosed: () => {},
      onData(chunk) {
        flow.chunks.push(chunk)
        calls.onData?.(chunk)
        channel.consumed(chunk.length)
      },
      onEnd() {
        flow.ended = true
        calls.onEnd?.()
      },
      onReset(error) {
        flow.reset = error
        calls.onReset?.(error)
      },
    }
  }
  return { accept, flows }
}
