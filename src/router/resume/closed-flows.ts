/**
 * Flows that ended well a moment ago. When a connection is lost just then the other end may not know: its last bytes and
 * its half-close were acknowledged, and the acknowledgement was lost. It asks for the flow, and is told how it ended.
 */
import type { FlowChannel, FlowHandler, FlowPosition } from '../../amqp/flow-transport.ts'
import { MAX_CLOSED_FLOWS } from './limits.ts'
import { NOBODY } from './nobody.ts'
import { violation } from './reasons.ts'

/** Bytes each way. */
interface Totals {
  readonly received: number
  readonly sent: number
}

/** Remembers the last ones by token. */
export class ClosedFlows {
  readonly #max: number
  readonly #flows = new Map<string, Totals>()

  constructor(max = MAX_CLOSED_FLOWS) {
    this.#max = max
  }

  add(token: string, totals: Totals): void {
    this.#flows.set(token, totals)
    if (this.#flows.size <= this.#max) return
    const [oldest = token] = this.#flows.keys()
    this.#flows.delete(oldest)
  }

  /** Ends the flow once more for who is at `at`; undefined when none is known that can have ended there. */
  answer(token: string, at: FlowPosition, channel: FlowChannel): FlowHandler | undefined {
    const totals = this.#flows.get(token)
    if (totals === undefined || totals.sent !== at.received) return undefined
    channel.accept({ received: totals.received, ended: true })
    channel.end()
    return { ...NOBODY, onData: () => channel.reset(BEHIND_END) }
  }
}

/** Who ended the flow has nothing more to say, and nobody would hand it on. */
const BEHIND_END = violation('bytes behind the end of the flow')
