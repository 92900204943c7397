/**
 * DNS over UDP: one socket, one message in, one message out to where it came from.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { lookup } from 'node:dns'
import { isIPv6 } from 'node:net'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import { DnsListenError } from './errors.ts'
import { UDP_MAX_QUEUED, UDP_RECEIVE_BUFFER, UDP_WATCH_EVERY } from './limits.ts'
import type { DatagramHandler } from './source-guard.ts'

export interface ListenConfig {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
}

export interface UdpListenerDeps {
  readonly handler: DatagramHandler
  readonly log: Logger
}

/** Listens once started. */
export class UdpListener implements Startable {
  readonly #deps: UdpListenerDeps
  readonly #config: ListenConfig
  readonly #socket: Socket
  #open = false
  /** Responses since the last one that was watched; the first one is. */
  #unwatched = UDP_WATCH_EVERY

  constructor(deps: UdpListenerDeps, config: ListenConfig) {
    this.#deps = deps
    this.#config = config
    const family = isIPv6(config.host) ? 6 : 4
    this.#socket = createSocket({
      type: `udp${family}`,
      recvBufferSize: UDP_RECEIVE_BUFFER,
      // Senders have addresses, and Node would put each response off by a tick to find that out.
      lookup: (host, options, callback) =>
        this.#open ? callback(null, host, family) : lookup(host, options, callback),
    })
  }

  get port(): number {
    return this.#socket.address().port
  }

  async start(): Promise<void> {
    const { host, port } = this.#config
    const bound = Promise.withResolvers<void>()
    const fail = (error: Error): void => bound.reject(new DnsListenError(host, port, error))
    this.#socket.once('error', fail)
    this.#socket.bind({ address: host, port }, bound.resolve)
    await bound.promise
    this.#open = true
    this.#socket.off('error', fail)
    this.#socket.on('error', (error) =>
      this.#deps.log.warn({ error: error.message }, 'the UDP socket failed'),
    )
    this.#socket.on('message', (message, from) => this.#receive(message, from))
  }

  async stop(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    await new Promise<void>((resolve) => this.#socket.close(resolve))
  }

  #receive(message: Buffer, from: RemoteInfo): void {
    // Nobody can listen at port 0: such a sender is forged.
    if (from.port === 0) return
    const response = this.#deps.handler(message, from.address)
    if (response instanceof Promise)
      response.then(
        (late) => this.#send(late, from),
        (error: unknown) => this.#deps.log.error({ error: String(error) }, 'a query could not be answered'),
      )
    else this.#send(response, from)
  }

  /** Most responses are sent without asking what became of them: that costs a tick and a closure each. */
  #send(response: Buffer | undefined, to: RemoteInfo): void {
    if (response === undefined || !this.#open) return
    this.#unwatched += 1
    if (this.#unwatched < UDP_WATCH_EVERY) this.#socket.send(response, to.port, to.address)
    else this.#sendWatched(response, to)
  }

  #sendWatched(response: Buffer, to: RemoteInfo): void {
    // As long as too much waits, every response is watched.
    if (this.#socket.getSendQueueSize() > UDP_MAX_QUEUED) return
    this.#unwatched = 0
    this.#socket.send(response, to.port, to.address, (error) => {
      if (error !== null) this.#deps.log.debug({ error: error.message, to: to.address }, 'response not sent')
    })
  }
}
