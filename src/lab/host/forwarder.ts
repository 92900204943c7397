/** Lets the host reach an API server of the lab: bytes from a port on 127.0.0.1 to a unix socket and back. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import type { Startable } from '../../core/lifecycle.ts'
import { MAX_FORWARDED_CONNECTIONS } from '../limits.ts'

export interface ForwarderConfig {
  readonly socketPath: string
}

export class Forwarder implements Startable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(config: ForwarderConfig) {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      const target = connect({ path: config.socketPath, allowHalfOpen: true })
      this.#join(client, target)
      this.#join(target, client)
    })
    this.#server.maxConnections = MAX_FORWARDED_CONNECTIONS
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async start(): Promise<void> {
    const listening = Promise.withResolvers<void>()
    this.#server.once('error', listening.reject)
    this.#server.listen(0, '127.0.0.1', listening.resolve)
    await listening.promise
    this.#server.off('error', listening.reject)
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  /** `pipe` carries bytes, ends and back-pressure; what breaks one side breaks the other. */
  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from)
    from.pipe(to)
    // Only TCP knows a reset, and a unix socket throws when asked for one: TLS tells clients that the end was no clean one.
    from.on('error', () => to.destroy())
    from.once('close', () => {
      this.#sockets.delete(from)
      to.destroySoon()
    })
  }
}
