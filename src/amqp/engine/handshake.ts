/**
 * What comes before flows: protocol headers, our open, and SASL for clients that begin with it. The owner has verified the TLS
 * client certificate, so every mechanism that carries no secret of its own is confirmed (AMQP 1.0 sections 2.2, 5.3).
 */
import { Protocol, protocolHeader, protocolOf } from '../codec/frame.ts'
import type { Open } from '../codec/performatives.ts'
import { decodeSasl, SaslOutcome } from '../codec/sasl.ts'
import { AmqpError, Condition, framingError } from '../errors.ts'
import type { Outbox } from './outbox.ts'

const MECHANISMS = ['EXTERNAL', 'ANONYMOUS']

export class Handshake {
  readonly #side: 'dialer' | 'acceptor'
  readonly #outbox: Outbox
  #saslDone = false
  #inSasl = false
  readonly #open: Open
  #headerSent = false
  #openSent = false
  #headerReceived = false

  constructor(side: 'dialer' | 'acceptor', outbox: Outbox, open: Open) {
    this.#side = side
    this.#outbox = outbox
    this.#open = open
  }

  /** Sends the AMQP header unless it was sent: the dialer at once, the acceptor in answer. */
  sendHeader(): void {
    if (this.#headerSent) return
    this.#headerSent = true
    this.#outbox.raw(protocolHeader(Protocol.amqp))
  }

  /** Sends our open, once. */
  sendOpen(): void {
    if (this.#openSent) return
    this.#openSent = true
    this.#outbox.frame(0, this.#open)
  }

  /** AMQP headers went both ways: errors can be told by AMQP's means. */
  get done(): boolean {
    return this.#headerSent && this.#headerReceived
  }

  /** Takes the peer's header; one we do not speak is answered with the one we do (section 2.2). */
  onHeader(header: Buffer): void {
    const protocol = protocolOf(header)
    if (protocol === Protocol.sasl && this.#side === 'acceptor' && !this.#saslDone) {
      this.#startSasl()
      return
    }
    this.sendHeader()
    if (protocol !== Protocol.amqp) throw framingError('protocol header is not AMQP 1.0.0')
    this.#headerReceived = true
  }

  /** Takes a SASL frame, behind which the AMQP header comes. */
  onSasl(body: Buffer): void {
    if (!this.#inSasl) throw framingError('SASL frame outside of SASL')
    const frame = decodeSasl(body)
    if (frame.kind !== 'init') throw new AmqpError(Condition.notAllowed, `unexpected SASL ${frame.kind}`)
    this.#inSasl = false
    this.#saslDone = true
    const known = MECHANISMS.includes(frame.mechanism)
    this.#outbox.sasl({ kind: 'outcome', code: known ? SaslOutcome.ok : SaslOutcome.auth })
    if (!known) throw new AmqpError(Condition.notAllowed, 'SASL mechanism is not offered')
  }

  #startSasl(): void {
    this.#inSasl = true
    this.#outbox.raw(protocolHeader(Protocol.sasl))
    this.#outbox.sasl({ kind: 'mechanisms', mechanisms: MECHANISMS })
  }
}
