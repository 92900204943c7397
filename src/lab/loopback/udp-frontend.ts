/** One UDP address of a Service: every client has a socket of its own towards its endpoint, for the way back. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import type { Cancel, Clock } from '../../core/clock.ts'
import type { Target } from '../service-proxy/service-table.ts'
import type { EndpointChoice } from './endpoint-choice.ts'
import { MAX_UDP_CLIENTS, UDP_IDLE } from './limits.ts'

interface Upstream {
  readonly socket: Socket
  readonly target: Target
}

interface Client {
  readonly upstream: Upstream
  readonly cancelIdle: Cancel
}

export class UdpFrontend {
  readonly #clock: Clock
  readonly #choice: EndpointChoice
  readonly #socket = createSocket('udp4')
  /** By address and port, those heard last at the end. */
  readonly #clients = new Map<string, Client>()

  constructor(clock: Clock, choice: EndpointChoice) {
    this.#clock = clock
    this.#choice = choice
  }

  async open(host: string, port: number): Promise<void> {
    const bound = Promise.withResolvers<void>()
    this.#socket.once('error', bound.reject)
    this.#socket.bind({ address: host, port }, bound.resolve)
    await bound.promise
    this.#socket.off('error', bound.reject)
    // A client that is gone is no reason to stop serving the others.
    this.#socket.on('error', () => {})
    this.#socket.on('message', (message, from) => this.#forward(message, from))
  }

  close(): void {
    for (const key of [...this.#clients.keys()]) this.#forget(key)
    this.#socket.close()
  }

  #forward(message: Buffer, from: RemoteInfo): void {
    const key = `${from.address}:${from.port}`
    const upstream = this.#clients.get(key)?.upstream ?? this.#connect(from)
    if (upstream === undefined) return
    this.#keep(key, upstream)
    upstream.socket.send(message, upstream.target.port, upstream.target.address)
  }

  #connect(from: RemoteInfo): Upstream | undefined {
    const target = this.#choice.choose(from.address)
    if (target === undefined) return undefined
    const socket = createSocket('udp4')
    // Refused by the endpoint: the client hears nothing, as from any lost datagram.
    socket.on('error', () => {})
    socket.on('message', (message, { address, port }) => {
      const isTarget = address === target.address && port === target.port
      if (isTarget) this.#socket.send(message, from.port, from.address)
    })
    return { socket, target }
  }

  #keep(key: string, upstream: Upstream): void {
    this.#clients.get(key)?.cancelIdle()
    this.#clients.delete(key)
    const oldest = this.#clients.keys().next().value
    if (oldest !== undefined && this.#clients.size >= MAX_UDP_CLIENTS) this.#forget(oldest)
    this.#clients.set(key, { upstream, cancelIdle: this.#clock.after(UDP_IDLE, () => this.#forget(key)) })
  }

  #forget(key: string): void {
    const client = this.#clients.get(key)
    this.#clients.delete(key)
    client?.cancelIdle()
    client?.upstream.socket.close()
  }
}
