/**
 * Pairs the two links a peer attaches into a flow, and offers complete ones to the owner.
 */
import { describeError } from '../../core/errors.ts'
import type { Attach, Role } from '../codec/performatives.ts'
import { AmqpError, Condition } from '../errors.ts'
import type { FlowAcceptor, FlowRequest } from '../flow-transport.ts'
import { HALF_FLOW_TIMEOUT_MS, MAX_HALF_FLOWS } from '../limits.ts'
import { Flow } from './flow.ts'
import { isBeyondMemory, NO_MEMORY } from './flow-admission.ts'
import type { FlowLinks, PairingHost } from './flow-host.ts'
import type { Link } from './link.ts'
import { flowIdOf, requestedAddress, requestOf } from './service-address.ts'

interface Half {
  readonly flow: Flow
  readonly attach: Attach
  /** What the first link says; the opener's sender says most. */
  readonly request: FlowRequest
  readonly since: number
}

export class IncomingFlows {
  readonly #host: PairingHost
  readonly #accept: FlowAcceptor
  readonly #now: () => number
  /** Flows of the peer by id, until their handles are free again. */
  readonly #flows = new Map<string, Flow>()
  readonly #halves = new Map<string, Half>()

  constructor(host: PairingHost, accept: FlowAcceptor, now: () => number) {
    this.#host = host
    this.#accept = accept
    this.#now = now
  }

  /** Takes a peer's attach and returns our end of the link. What cannot be served is refused by detach. */
  attach(attach: Attach): Link {
    try {
      const id = flowIdOf(attach)
      const half = this.#halves.get(id)
      return half?.flow.live === true ? this.#second(id, half, attach) : this.#first(id, attach)
    } catch (error) {
      if (!(error instanceof AmqpError) || error.scope !== 'link') throw error
      return this.#refuse(attach, error)
    }
  }

  remove(flow: FlowLinks): void {
    if (this.#flows.get(flow.id) !== flow) return
    this.#flows.delete(flow.id)
    this.#halves.delete(flow.id)
  }

  /** Flows of which one link is there. */
  get halves(): number {
    return this.#halves.size
  }

  /** Refuses those whose second link has not come in time. */
  expire(): void {
    const limit = this.#now() - HALF_FLOW_TIMEOUT_MS
    for (const [id, half] of this.#halves) {
      if (half.since > limit) return
      this.#halves.delete(id)
      half.flow.lose({
        condition: Condition.illegalState,
        description: 'the second link did not come in time',
      })
    }
  }

  #first(id: string, attach: Attach): Link {
    if (this.#flows.has(id)) throw refusal(Condition.notAllowed, `flow ${id} is open`)
    if (this.#host.full) throw refusal(Condition.resourceLimitExceeded, 'too many links')
    if (this.#halves.size >= MAX_HALF_FLOWS)
      throw refusal(Condition.resourceLimitExceeded, 'too many single links')
    const address = requestedAddress(attach)
    const request = requestOf(address, attach.properties)
    const flow = new Flow(this.#host, id, request.protocol)
    this.#flows.set(id, flow)
    this.#halves.set(id, { flow, attach, request, since: this.#now() })
    const link = this.#addLink(flow, attach, address)
    if (!this.#host.peer.ours) flow.answerEarly(link)
    return link
  }

  #second(id: string, half: Half, attach: Attach): Link {
    const address = requestedAddress(attach)
    if (half.attach.role === attach.role) throw refusal(Condition.notAllowed, 'both links have one role')
    if (requestedAddress(half.attach) !== address) {
      throw refusal(Condition.invalidField, 'the two links of a flow differ in address')
    }
    this.#halves.delete(id)
    const link = this.#addLink(half.flow, attach, address)
    this.#offer(half, attach, address)
    return link
  }

  /** Asks the owner, whose failure is the flow's only. */
  #offer({ flow, request: first }: Half, attach: Attach, address: string): void {
    try {
      const request = attach.role === 'sender' ? requestOf(address, attach.properties) : first
      if (isBeyondMemory(request, this.#host.buffers)) {
        flow.lose(NO_MEMORY)
        return
      }
      this.#host.offered()
      flow.setHandler(this.#accept(request, flow))
    } catch (error) {
      flow.lose(this.#failure(error))
    }
  }

  #failure(error: unknown): { condition: string; description: string } {
    if (error instanceof AmqpError) return { condition: error.condition, description: error.message }
    this.#host.log.error({ error: describeError(error) }, 'accepting a flow failed')
    return { condition: Condition.internalError, description: 'the flow could not be taken' }
  }

  #addLink(flow: Flow, attach: Attach, address: string | undefined): Link {
    const role: Role = attach.role === 'sender' ? 'receiver' : 'sender'
    // Routers of ours know the address of what they asked for.
    const told = this.#host.peer.ours ? undefined : address
    const link = this.#host.newLink(flow, attach.name, role, told)
    flow.addLink(link, attach)
    return link
  }

  /** A link that is no flow's: answered and detached at once. */
  #refuse(attach: Attach, error: AmqpError): Link {
    if (this.#host.overfull) throw new AmqpError(Condition.resourceLimitExceeded, 'too many links')
    const flow = new Flow(this.#host, attach.name, 'TCP')
    const link = this.#addLink(flow, attach, undefined)
    flow.lose({ condition: error.condition, description: error.message })
    return link
  }
}

function refusal(condition: Condition, text: string): AmqpError {
  return new AmqpError(condition, text, 'link')
}
