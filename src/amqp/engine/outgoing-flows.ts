/**
 * The flows we open on a session: they wait while it does not stand yet, and get their two links when it does.
 */
import { FlowCondition, type FlowError, type FlowHandler, type FlowRequest } from '../flow-transport.ts'
import { Flow } from './flow.ts'
import { isBeyondMemory, NO_MEMORY } from './flow-admission.ts'
import type { FlowHost } from './flow-host.ts'
import type { LinkTable } from './link-table.ts'
import { addressOf, linkName } from './service-address.ts'

/** What opening needs besides. */
export interface OpeningHost extends FlowHost {
  /** Both begins went by. */
  readonly mapped: boolean
  /** No room for the two links of another flow. */
  readonly full: boolean
}

export class OutgoingFlows {
  readonly #host: OpeningHost
  readonly #links: LinkTable
  readonly #prefix: string
  readonly #maxWaiting: number
  /** Opened before the session stood. */
  #waiting: Flow[] = []
  #opened = 0

  /** Ids begin with `prefix`, which the peer's do not. */
  constructor(host: OpeningHost, links: LinkTable, prefix: string, maxWaiting: number) {
    this.#host = host
    this.#links = links
    this.#prefix = prefix
    this.#maxWaiting = maxWaiting
  }

  open(request: FlowRequest, makeHandler: (channel: Flow) => FlowHandler): Flow {
    this.#opened += 1
    const flow = new Flow(this.#host, this.#prefix + this.#opened.toString(36), request.protocol, request)
    flow.setHandler(makeHandler(flow))
    if (isBeyondMemory(request, this.#host.buffers)) refuse(flow, NO_MEMORY)
    else if (this.#host.mapped) this.#attach(flow, request)
    else if (this.#waiting.length < this.#maxWaiting) this.#waiting.push(flow)
    else refuse(flow, NO_HANDLE)
    return flow
  }

  /** The session stands. */
  begin(): void {
    for (const flow of this.#takeWaiting()) if (flow.request !== undefined) this.#attach(flow, flow.request)
  }

  /** Ends those that still wait; the others have links, by which they are found. */
  lose(error: FlowError): void {
    for (const flow of this.#takeWaiting()) flow.lose(error)
  }

  #takeWaiting(): Flow[] {
    const waiting = this.#waiting
    this.#waiting = []
    return waiting
  }

  #attach(flow: Flow, request: FlowRequest): void {
    if (this.#host.full) {
      refuse(flow, NO_HANDLE)
      return
    }
    const address = addressOf(request)
    const output = this.#links.add(flow, linkName(flow.id, 'sender'), 'sender', address)
    const input = this.#links.add(flow, linkName(flow.id, 'receiver'), 'receiver', address)
    this.#links.expectAnswer(output)
    this.#links.expectAnswer(input)
    flow.addLinks(output, input)
  }
}

/** From a task of its own: the owner may still be in `open`. */
function refuse(flow: Flow, error: FlowError): void {
  setImmediate(() => flow.lose(error))
}

const NO_HANDLE: FlowError = { condition: FlowCondition.overloaded, description: 'no handle is free' }
