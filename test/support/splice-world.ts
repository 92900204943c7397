/** A flow from west to east over one relay, whose lines move only when a test says so. */
import type { FlowChannel, FlowHandler, FlowRequest } from '../../src/amqp/flow-transport.ts'
import { ByteBudget } from '../../src/core/byte-budget.ts'
import { Splice } from '../../src/router/relay/splice.ts'
import { RawLine, type RawLineEnd } from './raw-lines.ts'
import { Owner, patternOf, TCP_REQUEST } from './resume-world.ts'

export interface SpliceOptions {
  readonly bytes?: number
  readonly windows?: { readonly west: number; readonly east: number }
  readonly protocol?: 'TCP' | 'UDP'
}

function lineOf(window: number): RawLine {
  const peer = { containerId: 'x', instance: 'x' }
  return new RawLine({ window, westSees: peer, eastSees: peer })
}

export class SpliceWorld {
  /** West and relay, relay and east. */
  readonly lines: readonly [RawLine, RawLine]
  readonly west: Owner
  readonly east: Owner
  readonly budget = new ByteBudget(1024 * 1024)
  readonly passed = { onward: { bytes: 0, dropped: 0 }, back: { bytes: 0, dropped: 0 } }
  splice: Splice | undefined
  /** How often the relay was told that the flow is gone. */
  over = 0

  constructor({ bytes = 4096, windows = { west: 64, east: 64 }, protocol = 'TCP' }: SpliceOptions = {}) {
    this.lines = [lineOf(windows.west), lineOf(windows.east)]
    const [request, answer] = [patternOf(1, bytes), patternOf(2, bytes)]
    this.west = new Owner(request, answer)
    this.east = new Owner(answer, request)
    const [first, second] = this.lines
    first.east.accept = (opened, channel) => this.#relay(opened, channel)
    second.east.accept = (_opened, channel) => {
      this.east.channel = channel
      return this.east
    }
    const opening: FlowRequest = { ...TCP_REQUEST, protocol }
    first.west.open(opening, (channel) => {
      this.west.channel = channel
      return this.west
    })
  }

  /** Bytes that wait in the relay. */
  get waiting(): number {
    return this.budget.held
  }

  /** Delivers the next message at one of the four ends of the lines. */
  deliver(at: number): boolean {
    return this.#ends[at % 4]?.deliver() ?? false
  }

  settle(): void {
    while (this.#ends.some((end) => end.deliver())) {}
  }

  get #ends(): readonly RawLineEnd[] {
    return this.lines.flatMap(({ west, east }) => [west, east])
  }

  #relay(request: FlowRequest, channel: FlowChannel): FlowHandler {
    const [first, second] = this.lines
    const splice = new Splice({
      protocol: request.protocol,
      incoming: { passed: this.passed.onward, endPeer: first.east },
      onward: { passed: this.passed.back, endPeer: second.west },
      waiting: this.budget.use('relaying'),
      onOver: () => {
        this.over += 1
      },
    })
    this.splice = splice
    const handler = splice.takeIncoming(channel)
    second.west.open(request, (onward) => splice.takeOnward(onward))
    return handler
  }
}
