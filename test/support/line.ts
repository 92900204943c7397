/**
 * A TCP relay that stands for a line between two machines: it can be long, lose packets, and break. A lost packet is
 * what TCP makes of it: nothing passes that way until it was sent again.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export interface LineOptions {
  /** Where it listens; 127.0.0.1 when absent. */
  readonly host?: string
  readonly port?: number
  /** Where it leads; 127.0.0.1 when absent. */
  readonly targetHost?: string
  /** One way, milliseconds. */
  readonly delayMs?: number
  /** Share of packets that are lost. */
  readonly loss?: number
  /** How long a lost packet holds its direction up, milliseconds. */
  readonly stallMs?: number
}

/** The satellite profile: 600 ms round trip, 3 % loss. */
export const SATELLITE = { delayMs: 300, loss: 0.03, stallMs: 1000 } as const

const PACKET = 1448

/** Bytes on the way in one direction before the sender has to wait. */
const MAX_ON_THE_WAY = 4 * 1024 * 1024

export class Line implements AsyncDisposable {
  readonly #server: Server
  readonly #target: number
  readonly #options: LineOptions
  readonly #sockets = new Set<Socket>()
  readonly #random = generator(7)
  /** Connections taken so far. */
  connections = 0

  private constructor(target: number, options: LineOptions) {
    this.#target = target
    this.#options = options
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#relay(socket))
  }

  static async to(target: number, options: LineOptions = {}): Promise<Line> {
    const line = new Line(target, options)
    line.#server.listen(options.port ?? 0, options.host ?? '127.0.0.1')
    await once(line.#server, 'listening')
    return line
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Every connection is reset at both ends. */
  break(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #relay(near: Socket): void {
    this.connections += 1
    const host = this.#options.targetHost ?? '127.0.0.1'
    const far = connect({ port: this.#target, host, allowHalfOpen: true, noDelay: true })
    this.#pass(near, far)
    this.#pass(far, near)
  }

  #pass(from: Socket, to: Socket): void {
    const way = new Way(this.#options, this.#random)
    this.#sockets.add(from)
    from.on('data', (chunk) => {
      way.send(chunk.length, () => {
        if (!to.destroyed) to.write(chunk)
        if (way.onTheWay < MAX_ON_THE_WAY / 2) from.resume()
      })
      if (way.onTheWay > MAX_ON_THE_WAY) from.pause()
    })
    from.on('end', () => way.send(0, () => to.end()))
    from.on('error', () => to.destroy())
    from.on('close', () => {
      this.#sockets.delete(from)
      if (from.readableAborted) to.destroy()
    })
  }
}

/** One direction of one connection. */
class Way {
  readonly #delayMs: number
  readonly #loss: number
  readonly #stallMs: number
  readonly #random: () => number
  #clearAt = 0
  onTheWay = 0

  constructor({ delayMs = 0, loss = 0, stallMs = 0 }: LineOptions, random: () => number) {
    this.#delayMs = delayMs
    this.#loss = loss
    this.#stallMs = stallMs
    this.#random = random
  }

  send(bytes: number, arrive: () => void): void {
    if (this.#delayMs === 0) {
      arrive()
      return
    }
    const isWhole = this.#random() < (1 - this.#loss) ** Math.ceil(bytes / PACKET)
    const at = performance.now() + this.#delayMs + (isWhole ? 0 : this.#stallMs)
    this.#clearAt = Math.max(this.#clearAt, at)
    this.onTheWay += bytes
    const arrived = (): void => {
      this.onTheWay -= bytes
      arrive()
    }
    setTimeout(arrived, this.#clearAt - performance.now())
  }
}

/** The same sequence in every run (Park and Miller). */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}
