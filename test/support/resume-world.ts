/** Two ends that keep resumable flows, the lines between them, and owners that check every byte. */
import type { FlowChannel, FlowError, FlowHandler, FlowRequest } from '../../src/amqp/flow-transport.ts'
import { ByteBudget } from '../../src/core/byte-budget.ts'
import { createMetrics, type Metrics } from '../../src/core/metrics.ts'
import { FlowKeeper, type FlowKeeperConfig } from '../../src/router/resume/flow-keeper.ts'
import { ResumableTransport } from '../../src/router/resume/resumable-transport.ts'
import { TokenSource } from '../../src/router/resume/token-source.ts'
import { HandClock } from './hand-clock.ts'
import { RawLine, type RawLineEnd } from './raw-lines.ts'

export const GRACE_MS = 30_000

export const TCP_REQUEST: FlowRequest = {
  service: 'demo/echo',
  protocol: 'TCP',
  port: 80,
  client: { address: '10.0.0.1', port: 40_000 },
}

export type SideName = 'west' | 'east'

/** One router's part: what it keeps, and how it is known. */
export class ResumeSide {
  readonly name: SideName
  readonly metrics: Metrics
  readonly budget: ByteBudget
  readonly tokens = new TokenSource()
  instance: string
  keeper: FlowKeeper
  readonly #clock: HandClock
  readonly #config: FlowKeeperConfig

  constructor(name: SideName, clock: HandClock, config: FlowKeeperConfig = {}, budgetBytes = 1024 * 1024) {
    this.name = name
    this.#clock = clock
    this.#config = config
    this.metrics = createMetrics()
    this.budget = new ByteBudget(budgetBytes)
    this.instance = `${name}-1`
    this.keeper = this.#newKeeper(this.metrics)
  }

  /** The process ends and another takes its place. */
  restart(): void {
    this.instance = `${this.name}-${Math.random()}`
    this.keeper = this.#newKeeper(createMetrics())
  }

  #newKeeper(metrics: Metrics): FlowKeeper {
    return new FlowKeeper(
      { clock: this.#clock, metrics, budget: this.budget, random: () => 0.5 },
      this.#config,
    )
  }
}

export interface JoinedLine {
  readonly line: RawLine
  readonly west: ResumableTransport
  readonly east: ResumableTransport
}

export interface WorldOptions {
  readonly window?: number
  readonly graceMs?: number
  readonly west?: FlowKeeperConfig
  readonly east?: FlowKeeperConfig
  readonly budgetBytes?: number
}

/** West opens flows that `acceptEast` takes. */
export class ResumeWorld {
  readonly clock = new HandClock()
  readonly west: ResumeSide
  readonly east: ResumeSide
  readonly lines: JoinedLine[] = []
  acceptEast: (request: FlowRequest, channel: FlowChannel) => FlowHandler
  readonly #options: WorldOptions

  constructor(
    acceptEast: (request: FlowRequest, channel: FlowChannel) => FlowHandler,
    options: WorldOptions = {},
  ) {
    this.acceptEast = acceptEast
    this.#options = options
    this.west = new ResumeSide('west', this.clock, options.west, options.budgetBytes)
    this.east = new ResumeSide('east', this.clock, options.east, options.budgetBytes)
  }

  /** A new connection that both ends can use. */
  join(): JoinedLine {
    return this.#join(this.east.instance)
  }

  /** The same with a peer that tells no instance. */
  joinStranger(): JoinedLine {
    return this.#join(undefined)
  }

  /** The same with another router of the western cluster, as far as east can tell. */
  joinFrom(containerId: string): JoinedLine {
    return this.#join(this.east.instance, containerId)
  }

  #join(eastInstance: string | undefined, westContainer = 'west/pod'): JoinedLine {
    const line = new RawLine({
      window: this.#options.window ?? 64 * 1024,
      westSees: { containerId: 'east/pod', instance: eastInstance },
      eastSees: { containerId: westContainer, instance: this.west.instance },
    })
    const joined = { line, west: this.#end(this.west, line.west), east: this.#end(this.east, line.east) }
    this.lines.push(joined)
    joined.east.opened()
    joined.west.opened()
    return joined
  }

  /** Everything that is on its way arrives, and what follows from it. */
  settle(): void {
    for (let round = 0; round < 1000; round++) {
      this.clock.advance(1)
      const moved = this.lines.map(({ line }) => line.deliverAll())
      if (
        !moved.includes(true) &&
        this.lines.every(({ line }) => line.west.waiting + line.east.waiting === 0)
      )
        return
    }
    throw new Error('the ends never come to rest')
  }

  #end(side: ResumeSide, end: RawLineEnd): ResumableTransport {
    const { keeper, tokens } = side
    const accept = (request: FlowRequest, channel: FlowChannel) => this.acceptEast(request, channel)
    const graceOf = () => this.#options.graceMs ?? GRACE_MS
    const transport = new ResumableTransport({ keeper, tokens, graceOf, accept }, end, side.name)
    end.accept = (request, channel) => transport.accept(request, channel)
    end.onLost = () => transport.closed(false)
    return transport
  }
}

/** Bytes that tell where they belong. */
export function patternOf(seed: number, bytes: number): Buffer {
  const pattern = Buffer.allocUnsafe(bytes)
  let state = seed * 2_654_435_761
  for (let at = 0; at < bytes; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    pattern[at] = state >>> 24
  }
  return pattern
}

/** Writes one pattern and checks that another comes, in order and to the end. Throws at the first wrong call. */
export class Owner implements FlowHandler {
  channel: FlowChannel | undefined
  written = 0
  received = 0
  acked = 0
  accepted = false
  ended = false
  farEnded = false
  drains = 0
  /** How it was over: closed, reset by itself, or by the other end. */
  outcome: 'closed' | 'reset' | FlowError | undefined
  #unread = 0
  readonly #sends: Buffer
  readonly #expects: Buffer

  constructor(sends: Buffer, expects: Buffer) {
    this.#sends = sends
    this.#expects = expects
  }

  get unread(): number {
    return this.#unread
  }

  /** Calls of the channel are over. */
  get over(): boolean {
    return this.outcome !== undefined
  }

  write(bytes: number): void {
    if (this.over || this.ended) return
    const chunk = this.#sends.subarray(this.written, this.written + bytes)
    this.written += chunk.length
    this.channel?.write(chunk)
  }

  /** As the data path does: only while the channel takes it. */
  writeIfOpen(bytes: number): void {
    if ((this.channel?.writable ?? 0) > 0) this.write(bytes)
  }

  read(bytes: number): void {
    const some = Math.min(bytes, this.#unread)
    if (some === 0) return
    this.#unread -= some
    this.channel?.consumed(some)
  }

  end(): void {
    if (this.channel === undefined || this.over || this.ended) return
    this.ended = true
    this.channel.end()
  }

  reset(): void {
    if (this.channel === undefined || this.over) return
    this.outcome = 'reset'
    this.channel.reset({ condition: 'fairlead:reset', description: 'by the owner' })
  }

  onAccept(): void {
    this.#alive()
    if (this.accepted) throw new Error('accepted twice')
    this.accepted = true
  }

  onData(chunk: Buffer): void {
    this.#alive()
    if (this.farEnded) throw new Error('bytes after the end')
    const expected = this.#expects.subarray(this.received, this.received + chunk.length)
    if (!chunk.equals(expected)) throw new Error(`wrong bytes at ${this.received}`)
    this.received += chunk.length
    this.#unread += chunk.length
  }

  onEnd(): void {
    this.#alive()
    if (this.farEnded) throw new Error('ended twice')
    this.farEnded = true
  }

  onReset(error: FlowError): void {
    this.#alive()
    this.outcome = error
  }

  onDrain(): void {
    this.#alive()
    this.drains += 1
  }

  onAcked(bytes: number): void {
    this.#alive()
    this.acked += bytes
    if (this.acked > this.written) throw new Error('more acknowledged than written')
  }

  onClosed(): void {
    this.#alive()
    if (!this.ended || !this.farEnded) throw new Error('closed before both ends')
    this.outcome = 'closed'
  }

  #alive(): void {
    if (this.over) throw new Error('called after the end of the flow')
  }
}
