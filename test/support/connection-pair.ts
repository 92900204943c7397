/** Two data connections joined in memory, and flow owners that check every byte. */
import { type CloseReason, DataConnection, type DataConnectionDeps } from '../../src/amqp/data-connection.ts'
import type { DataConnectionConfig } from '../../src/amqp/engine/config.ts'
import type {
  FlowAcceptor,
  FlowChannel,
  FlowError,
  FlowHandler,
  FlowRequest,
} from '../../src/amqp/flow-transport.ts'
import type { ByteBudget } from '../../src/core/byte-budget.ts'
import type { Clock } from '../../src/core/clock.ts'
import { silentLogger } from '../../src/core/log.ts'
import { type DuplexPairOptions, duplexPair } from './duplex-pair.ts'
import { FakeClock } from './fake-clock.ts'

export const REQUEST: FlowRequest = {
  service: 'demo/hello',
  protocol: 'TCP',
  port: 8080,
  client: { address: '10.244.0.7', port: 40_000 },
}

/** A handler that ignores everything but what it is given. */
export function handlerOf(calls: Partial<FlowHandler> = {}): FlowHandler {
  const nothing = () => {}
  return {
    onAccept: nothing,
    onData: nothing,
    onEnd: nothing,
    onReset: nothing,
    onDrain: nothing,
    onAcked: nothing,
    onClosed: nothing,
    ...calls,
  }
}

/** Accepts every flow and sends back what it gets. */
export const echo: FlowAcceptor = (_request, channel) => {
  channel.accept()
  return handlerOf({
    onData: (chunk) => {
      channel.write(chunk)
      channel.consumed(chunk.length)
    },
    onEnd: () => channel.end(),
  })
}

export interface PairOptions extends DuplexPairOptions {
  readonly acceptWest?: FlowAcceptor
  readonly acceptEast?: FlowAcceptor
  readonly west?: Partial<DataConnectionConfig>
  readonly east?: Partial<DataConnectionConfig>
  readonly westBuffers?: ByteBudget
  readonly eastBuffers?: ByteBudget
  readonly clock?: Clock
  /** `side` has heard that the other is draining. */
  readonly onDraining?: (side: 'west' | 'east') => void
  /** Neither recognises the other as a router of ours: plain AMQP credit. */
  readonly strangers?: boolean
}

export interface ConnectionPair {
  /** The dialer. */
  readonly west: DataConnection
  readonly east: DataConnection
  readonly closed: { west?: CloseReason; east?: CloseReason }
  /** The transport between them dies. */
  cut(): void
}

/** Started connections. */
export function connectionPair(options: PairOptions = {}): ConnectionPair {
  const [left, right] = duplexPair(options.strangers === true ? { ...options, change: hideVersion } : options)
  const { clock = new FakeClock(), acceptWest = refuseAll, acceptEast = echo } = options
  const closed: { west?: CloseReason; east?: CloseReason } = {}
  const depsOf = (side: 'west' | 'east', accept: FlowAcceptor): DataConnectionDeps => ({
    clock,
    logger: silentLogger,
    buffers: side === 'west' ? options.westBuffers : options.eastBuffers,
    accept,
    onDraining: () => options.onDraining?.(side),
    onClose: (reason) => Object.assign(closed, { [side]: reason }),
  })
  const west = new DataConnection(left, depsOf('west', acceptWest), {
    side: 'dialer',
    containerId: 'west',
    ...options.west,
  })
  const east = new DataConnection(right, depsOf('east', acceptEast), {
    side: 'acceptor',
    containerId: 'east',
    ...options.east,
  })
  west.start()
  east.start()
  return { west, east, closed, cut: () => void left.destroy() }
}

const refuseAll: FlowAcceptor = (_request, channel) => {
  channel.reset({ condition: 'fairlead:not-exported', description: 'nothing here' })
  return handlerOf()
}

/** Spoils the property by which our own routers know each other, keeping all lengths. */
function hideVersion(bytes: Buffer): Buffer {
  const at = bytes.indexOf('fairlead:version')
  if (at < 0) return bytes
  const changed = Buffer.from(bytes)
  changed.write('unknown', at)
  return changed
}

/** Turns of the event loop until `done`, at most `turns`. */
export async function until(done: () => boolean, turns = 20_000): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    if (done()) return
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
  throw new Error('still not done')
}

/** What one end of a flow does. */
export interface Script {
  /** Sizes of writes, in order, each when the channel is writable. */
  readonly writes: readonly number[]
  /** After the writes: half-close, reset, or half-close once the other end has. */
  readonly finish: 'end' | 'reset' | 'end-last'
  /** Turns of the event loop before received bytes are consumed. */
  readonly delay: number
  /** Bytes are passed on at once, as a relay does, and handed on after the delay. */
  readonly passes?: boolean
}

/** Follows a script, and checks that what comes is what the other end's script writes, in order. */
export class Actor implements FlowHandler {
  received = 0
  consumed = 0
  written = 0
  acked = 0
  ended = false
  accepted = false
  closed = false
  /** What the other end has handed on; acknowledgements must not be ahead of it. */
  consumedByPeer: () => number = () => Number.POSITIVE_INFINITY
  resetBy: 'us' | 'them' | undefined
  readonly #seed: number
  readonly #peerSeed: number
  readonly #script: Script
  readonly #channel: FlowChannel
  #step = 0
  #selfEnded = false

  constructor(channel: FlowChannel, script: Script, seed: number, peerSeed: number) {
    this.#channel = channel
    this.#script = script
    this.#seed = seed
    this.#peerSeed = peerSeed
  }

  /** Nothing more can happen at this end. */
  get done(): boolean {
    return this.resetBy !== undefined || this.closed
  }

  go(): void {
    while (this.#step < this.#script.writes.length && !this.done && !this.#selfEnded) {
      if (this.#channel.writable <= 0) return
      const size = this.#script.writes[this.#step] ?? 0
      this.#step += 1
      this.#channel.write(pattern(this.#seed, this.written, size))
      this.written += size
    }
    if (!this.done && !this.#selfEnded) this.#finish()
  }

  #finish(): void {
    if (this.#script.finish === 'reset') {
      this.resetBy = 'us'
      this.#channel.reset({ condition: 'fairlead:reset', description: 'as written' })
    } else if (this.#script.finish === 'end' || this.ended) {
      this.#selfEnded = true
      this.#channel.end()
    }
  }

  onAccept(): void {
    this.#assertAlive()
    if (this.accepted) throw new Error('accepted twice')
    this.accepted = true
  }

  onData(chunk: Buffer): void {
    this.#assertAlive()
    if (this.ended) throw new Error('data after the end')
    if (!chunk.equals(pattern(this.#peerSeed, this.received, chunk.length))) throw new Error('wrong bytes')
    this.received += chunk.length
    if (this.#script.passes === true) this.#channel.passed?.(chunk.length)
    void this.#consume(chunk.length)
  }

  onEnd(): void {
    this.#assertAlive()
    if (this.ended) throw new Error('ended twice')
    this.ended = true
    if (this.#step === this.#script.writes.length) this.go()
  }

  onReset(_error: FlowError): void {
    this.#assertAlive()
    this.resetBy = 'them'
  }

  onAcked(bytes: number): void {
    this.#assertAlive()
    this.acked += bytes
    if (this.acked > this.consumedByPeer()) throw new Error('acknowledged what was not handed on')
  }

  onClosed(): void {
    this.#assertAlive()
    if (!this.ended || !this.#selfEnded || this.acked !== this.written) throw new Error('closed too early')
    this.closed = true
  }

  onDrain(): void {
    this.#assertAlive()
    this.go()
  }

  #assertAlive(): void {
    if (this.done) throw new Error('called after the end of the flow')
  }

  async #consume(bytes: number): Promise<void> {
    for (let turn = 0; turn < this.#script.delay; turn += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    this.consumed += bytes
    this.#channel.consumed(bytes)
  }
}

/** Bytes that tell their seed and offset. */
function pattern(seed: number, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  for (let i = 0; i < length; i += 1) bytes[i] = (seed + (offset + i) * 31 + ((offset + i) >> 8)) & 0xff
  return bytes
}
