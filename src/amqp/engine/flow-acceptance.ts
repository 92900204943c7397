/**
 * Whether a flow was accepted: by its owner, when a peer opened it, or by the two answers of the far side, when we did;
 * and the position that is told with it when the flow is resumed.
 */
import type { Attach } from '../codec/performatives.ts'
import { AmqpError } from '../errors.ts'
import type { FlowPosition } from '../flow-transport.ts'
import type { Link } from './link.ts'
import { positionOf } from './resume-properties.ts'

export class FlowAcceptance {
  /** Our attaches may go: at once when we open the flow. */
  given: boolean
  /** Ours when we accept, the far side's when it does. */
  position: FlowPosition | undefined
  /** A stranger's first link is answered before the second comes, for clients that wait for the answer. */
  early: Link | undefined
  #refused = false
  #told = false

  constructor(isOpener: boolean) {
    this.given = isOpener
  }

  /** The owner accepts; false when it did before. */
  give(position: FlowPosition | undefined): boolean {
    if (this.given) return false
    this.given = true
    this.position = position
    return true
  }

  /** The far side answers the attach of `link`. */
  answered(link: Link, attach: Attach): AmqpError | undefined {
    const terminus = link.role === 'sender' ? attach.target : attach.source
    if (terminus === undefined) this.#refused = true
    if (link.role !== 'sender') return undefined
    try {
      this.position = positionOf(attach.properties)
    } catch (error) {
      if (error instanceof AmqpError) return error
      throw error
    }
    return undefined
  }

  /** True once: when both links were answered and neither was refused. */
  completed(output: Link | undefined, input: Link | undefined): boolean {
    if (this.#told || this.#refused) return false
    if (output?.attachReceived !== true || input?.attachReceived !== true) return false
    this.#told = true
    return true
  }
}
