/** One TCP address of a Service: accepts, and joins each connection to one with an endpoint. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { EndpointChoice } from './endpoint-choice.ts'
import { MAX_PROXIED_CONNECTIONS } from './limits.ts'

export class TcpFrontend {
  readonly #server: Server
  readonly #choice: EndpointChoice

  constructor(choice: EndpointChoice) {
    this.#choice = choice
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#join(client))
    this.#server.maxConnections = MAX_PROXIED_CONNECTIONS
  }

  async open(host: string, port: number): Promise<void> {
    const listening = Promise.withResolvers<void>()
    this.#server.once('error', listening.reject)
    this.#server.listen({ host, port }, listening.resolve)
    await listening.promise
    this.#server.off('error', listening.reject)
  }

  /** New connections are refused; open ones go on. */
  close(): void {
    this.#server.close()
  }

  #join(client: Socket): void {
    const target = this.#choice.choose(client.remoteAddress ?? '')
    if (target === undefined) {
      client.resetAndDestroy()
      return
    }
    const backend = connect({ host: target.address, port: target.port, allowHalfOpen: true, noDelay: true })
    for (const [from, to] of [
      [client, backend],
      [backend, client],
    ] as const) {
      from.pipe(to)
      // What breaks one side breaks the other.
      from.on('error', () => to.resetAndDestroy())
      from.once('close', () => to.destroySoon())
    }
  }
}
