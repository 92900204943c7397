/**
 * Makes a flow's attach, flow and detach frames, each at most once and in the order AMQP demands: attach before all
 * else, settlements and bytes before the detach that ends them.
 */
import type { Properties } from '../codec/value.ts'
import type { FlowError, FlowRequest } from '../flow-transport.ts'
import type { FlowAcceptance } from './flow-acceptance.ts'
import type { FlowHost } from './flow-host.ts'
import type { FlowInput } from './flow-input.ts'
import type { FlowOutput } from './flow-output.ts'
import type { Link } from './link.ts'
import { positionProperties } from './resume-properties.ts'
import { propertiesOf } from './service-address.ts'

export class FlowFrames {
  readonly #host: FlowHost
  readonly #output: FlowOutput
  readonly #input: FlowInput
  readonly #acceptance: FlowAcceptance
  readonly #request: FlowRequest | undefined

  /** With a request when we open the flow. */
  constructor(
    host: FlowHost,
    output: FlowOutput,
    input: FlowInput,
    acceptance: FlowAcceptance,
    request: FlowRequest | undefined,
  ) {
    this.#host = host
    this.#output = output
    this.#input = input
    this.#acceptance = acceptance
    this.#request = request
  }

  /** Some frame of the flow went to the peer, which must be told of its end. */
  get begun(): boolean {
    return this.#request === undefined || this.#output.link?.attachSent === true
  }

  /** No link of the flow is left on the wire. */
  get gone(): boolean {
    return this.#output.link?.gone !== false && this.#input.link?.gone !== false
  }

  /** Sends the attaches that may go; false while the flow is not accepted. */
  attaches(): boolean {
    const { given, early } = this.#acceptance
    if (!given) {
      this.#attach(early)
      return false
    }
    this.#attach(this.#output.link)
    this.#attach(this.#input.link)
    return true
  }

  /** A refusing attach answers a peer's only to be followed by a detach. */
  #attach(link: Link | undefined, refusing = false): void {
    if (link === undefined || link.attachSent) return
    this.#host.send(link.attach(refusing, this.#host.peer.ours, this.#propertiesOf(link)))
  }

  /** On the links that carry what the opener sends: its request, and the acceptor's position. */
  #propertiesOf(link: Link): Properties | undefined {
    const isOpener = this.#request !== undefined
    if (isOpener !== (link.role === 'sender')) return undefined
    if (this.#request !== undefined) return propertiesOf(this.#request)
    const { position } = this.#acceptance
    return position && positionProperties(position)
  }

  /** Tells the sender how far it may go now. */
  grant(): void {
    const { link, window } = this.#input
    if (!this.#input.grantOwed || link === undefined || window === undefined || link.detachReceived) return
    this.#input.grantOwed = false
    this.#host.sendLinkState(link, window.grant())
  }

  /** Half-closes after the last byte; answers the peer's half-close once all before it was handed on, which acknowledges it. */
  ends(): void {
    if (this.#output.ending && this.#output.empty) this.#detach(this.#output.link, undefined)
    if (this.#input.finished) this.#detach(this.#input.link, undefined)
  }

  /** Ends both links with an error. */
  failure(error: FlowError): void {
    for (const link of [this.#output.link, this.#input.link]) {
      this.#attach(link, this.#request === undefined)
      this.#detach(link, error)
    }
  }

  #detach(link: Link | undefined, error: FlowError | undefined): void {
    if (link === undefined || link.detachSent) return
    if (link.role === 'receiver') this.#host.sendSettlements()
    this.#host.send(link.detach(link.failed ? undefined : error))
  }
}
