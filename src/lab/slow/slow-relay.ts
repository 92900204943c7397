/** Takes the connections that the node's rules send here and carries each on to where it wanted, over delay lines. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { describeError } from '../../core/errors.ts'
import type { Logger } from '../../core/log.ts'
import { MAX_LINE_BYTES, MAX_LINE_CONNECTIONS } from '../limits.ts'
import { DelayLine, type DelayLineDeps } from './delay-line.ts'
import { type PathShape, QUIET } from './path-shape.ts'
import type { SocketEnd } from './wanted-end.ts'

export interface SlowRelayDeps extends DelayLineDeps {
  readonly log: Logger
  /** Where the connection from this end was made to. */
  readonly wantedEnd: (from: SocketEnd) => Promise<SocketEnd>
}

export interface SlowRelayConfig {
  /** Where it listens. */
  readonly host: string
}

export class SlowRelay {
  readonly #deps: SlowRelayDeps
  readonly #config: SlowRelayConfig
  readonly #server: Server
  #shape: PathShape = QUIET

  constructor(deps: SlowRelayDeps, config: SlowRelayConfig) {
    this.#deps = deps
    this.#config = config
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (near) => {
      near.on('error', () => {}) // its close is told
      this.#take(near).catch((error) => {
        deps.log.warn({ error: describeError(error) }, 'a connection cannot be carried')
        near.resetAndDestroy()
      })
    })
    this.#server.maxConnections = MAX_LINE_CONNECTIONS
  }

  /** Resolves to the port it listens at. */
  async start(): Promise<number> {
    const listening = Promise.withResolvers<void>()
    this.#server.once('error', listening.reject)
    this.#server.listen({ host: this.#config.host, port: 0 }, listening.resolve)
    await listening.promise
    return (this.#server.address() as AddressInfo).port
  }

  /** What is sent from now on, on open connections too, goes by `shape`. */
  reshape(shape: PathShape): void {
    this.#shape = shape
  }

  /** Takes no more; resolves when the last open connection, unslowed from now on, has ended. */
  async drain(): Promise<void> {
    this.#shape = QUIET
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  /** A handshake takes a round trip before anything is heard. */
  async #take(near: Socket): Promise<void> {
    const { remoteAddress = '', remotePort = 0 } = near
    const wanted = await this.#deps.wantedEnd({ address: remoteAddress, port: remotePort })
    this.#deps.clock.after(2 * this.#shape.delayMs, () => this.#dial(near, wanted))
  }

  #dial(near: Socket, { address, port }: SocketEnd): void {
    if (near.destroyed) return
    const far = connect({ host: address, port, allowHalfOpen: true, noDelay: true })
    far.on('error', () => {}) // its close is told
    this.#carry(near, far)
    this.#carry(far, near)
    far.once('connect', () => near.resume())
  }

  #carry(from: Socket, to: Socket): void {
    const line = new DelayLine(this.#deps, () => this.#shape)
    const held = (): number => line.onTheWay + to.writableLength
    const resume = (): void => {
      if (from.isPaused() && !to.connecting && held() < MAX_LINE_BYTES / 2) from.resume()
    }
    from.on('data', (chunk) => {
      line.send(chunk.length, () => {
        if (to.writable) to.write(chunk)
        resume()
      })
      if (held() > MAX_LINE_BYTES) from.pause()
    })
    to.on('drain', resume)
    from.on('end', () => line.send(0, () => to.end()))
    // An end that was reset, or could not be reached, resets the other; one that ended well has told so.
    from.on('close', (hadError) => line.send(0, () => hadError && to.resetAndDestroy()))
  }
}
