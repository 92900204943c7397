/**
 * What comes before frames: protocol headers, and SASL for clients that begin with it. The owner has verified the TLS
 * client certificate, so every mechanism that carries no secret of its own is confirmed (AMQP 1.0 sections 2.2, 5.3).
 */
import { Protocol, protocolHeader, protocolOf } from '../codec/frame.ts'
import { decodeSasl, SaslOutcome } from '../codec/sasl.ts'
import { AmqpError, Condition, framingError } from '../errors.ts'
import type { Outbox } from './outbox.ts'

const MECHANISMS = ['EXTERNAL', 'ANONYMOUS']

export class Handshake {
  readonly #side: 'dialer' | 'acceptor'
  readonly #outbox: Outbox
  #saslDone = false
  #inSasl = false
  #headerSent = false

  constructor(side: 'dialer' | 'acceptor', outbox: Outbox) {
    this.#side = side
    this.#outbox = outbox
  }

  /** Sends the AMQP header unless it was sent: the dialer at once, the acceptor in answer. */
  sendHeader(): void {
    if (this.#headerSent) return
    this.#headerSent = true
    this.#outbox.raw(protocolHeader(Protocol.amqp))
  }

  /** Takes the peer's header. */
  onHeader(header: Buffer): void {
    const protocol = protocolOf(header)
    if (protocol === Protocol.amqp) this.sendHeader()
    else if (protocol === Protocol.sasl && this.#side === 'acceptor' && !this.#saslDone) this.#startSasl()
    else throw framingError('protocol header is not AMQP 1.0.0')
  }

  /** Takes a SASL frame; true when the AMQP header comes next. */
  onSasl(body: Buffer): boolean {
    if (!this.#inSasl) throw framingError('SASL frame outside of SASL')
    const frame = decodeSasl(body)
    if (frame.kind !== 'init') throw new AmqpError(Condition.notAllowed, `unexpected SASL ${frame.kind}`)
    this.#inSasl = false
    this.#saslDone = true
    const known = MECHANISMS.includes(frame.mechanism)
    this.#outbox.sasl({ kind: 'outcome', code: known ? SaslOutcome.ok : SaslOutcome.auth })
    if (!known) throw new SaslRefused(frame.mechanism)
    return true
  }

  #startSasl(): void {
    this.#inSasl = true
    this.#outbox.raw(protocolHeader(Protocol.sasl))
    this.#outbox.sasl({ kind: 'mechanisms', mechanisms: MECHANISMS })
  }
}

/** A mechanism we do not offer: the outcome has been told, there is nothing to close. */
export class SaslRefused extends AmqpError {
  constructor(mechanism: string) {
    super(Condition.notAllowed, `SASL mechanism ${mechanism.slice(0, 32)} is not offered`)
  }
}
