/**
 * The flow frames that concern a session as a whole (AMQP 1.0 section 2.7.4, without a handle): its windows, echoes, by
 * which routers measure the round trip, and the word that one of them is draining.
 */
import type { Flow as FlowFrame } from '../codec/performatives.ts'
import type { AmqpValue, Properties } from '../codec/value.ts'
import type { SessionWindow } from './session-window.ts'

/** True in the flow of a router that takes no new flows any more. */
const DRAINING_PROPERTY = 'fairlead:draining'

/** True in the flow by which a router answers an echo, to be told from those it sends of its own accord. */
const ECHOED_PROPERTY = 'fairlead:echoed'

const TRUE: AmqpValue = { type: 'boolean', value: true }
const DRAINING: Properties = new Map([[DRAINING_PROPERTY, TRUE]])
const ECHOED: Properties = new Map([[ECHOED_PROPERTY, TRUE]])

export interface SessionFlowsDeps {
  readonly window: SessionWindow
  readonly send: (flow: FlowFrame) => void
  /** The peer is draining. */
  readonly onDraining: () => void
  /** The peer answers an echo. */
  readonly onEchoed: () => void
}

export class SessionFlows {
  /** The peer is to be told that we are draining. */
  drainOwed = false
  readonly #deps: SessionFlowsDeps

  constructor(deps: SessionFlowsDeps) {
    this.#deps = deps
  }

  /** Says what is due. */
  takeTurn(): void {
    if (!this.drainOwed && !this.#deps.window.refreshDue) return
    this.#send(this.drainOwed ? { properties: DRAINING } : {})
    this.drainOwed = false
  }

  /** Asks for an answer. */
  sendEcho(): void {
    this.#send({ echo: true })
  }

  /** A flow without handle came; true when it was answered. `ours`: from a router of ours. */
  received({ echo, properties }: FlowFrame, ours: boolean): boolean {
    if (ours && properties?.get(DRAINING_PROPERTY)?.value === true) this.#deps.onDraining()
    if (ours && properties?.get(ECHOED_PROPERTY)?.value === true) this.#deps.onEchoed()
    if (echo !== true) return false
    this.#send(ours ? { properties: ECHOED } : {})
    return true
  }

  #send(more: Partial<FlowFrame>): void {
    this.#deps.send({ kind: 'flow', ...this.#deps.window.flow(), ...more })
  }
}
