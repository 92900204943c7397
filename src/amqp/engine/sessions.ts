/**
 * The sessions of a connection by channel, and where each frame goes. One of them is our own: flows are opened on it.
 */
import type { Begin, End, Performative } from '../codec/performatives.ts'
import type { TransferHead } from '../codec/transfer.ts'
import { AmqpError, Condition, framingError, limitError } from '../errors.ts'
import { FlowCondition, type FlowError } from '../flow-transport.ts'
import type { ConnectionConfig } from './config.ts'
import { bounded, type LinkOwner } from './link.ts'
import type { Peer } from './peer.ts'
import { Session, type SessionDeps } from './session.ts'

export class Sessions {
  /** Flows of ours are opened here: the dialer's first session, which an acceptor shares. */
  readonly own: Session
  readonly #deps: SessionDeps
  readonly #config: ConnectionConfig
  readonly #local: (Session | undefined)[] = []
  readonly #remote: (Session | undefined)[] = []
  #peer: Peer | undefined
  /** Whose payload comes next. */
  #receiving: LinkOwner | undefined

  constructor(deps: SessionDeps, config: ConnectionConfig) {
    this.#deps = deps
    this.#config = config
    this.own = new Session(deps, config, 0)
    this.#local[0] = this.own
    if (config.side === 'dialer') this.own.sendBegin()
  }

  /** The peer's open: sessions may begin. */
  onOpen(peer: Peer): void {
    this.#peer = peer
  }

  /** Any performative of a session or link. */
  onPerformative(channel: number, performative: Performative): void {
    if (performative.kind === 'begin') {
      this.#onBegin(channel, performative)
      return
    }
    const session = this.#at(channel)
    if (performative.kind === 'end') this.#onEnd(session, performative)
    else if (!session.ended) this.#guard(session, () => dispatch(session, performative))
  }

  onTransfer(channel: number, head: TransferHead): void {
    const session = this.#at(channel)
    this.#receiving = undefined
    if (session.ended) return
    try {
      this.#receiving = session.onTransfer(head)
    } catch (error) {
      this.#onError(session, error)
    }
  }

  onPayload(chunk: Buffer): void {
    this.#receiving?.onPayload(chunk)
  }

  onTransferEnd(): void {
    this.#receiving?.onTransferEnd()
  }

  /** Refuses half-made flows that took too long. */
  expire(): void {
    for (const session of this.#local) session?.expire()
  }

  /** The connection is gone, and every flow with it. */
  lose(error: FlowError): void {
    this.#receiving = undefined
    for (const session of this.#local) session?.lose(error)
  }

  #onBegin(channel: number, begin: Begin): void {
    if (channel > this.#config.channelMax) throw framingError(`channel ${channel} is above channel-max`)
    if (this.#remote[channel] !== undefined) throw notAllowed(`channel ${channel} has begun`)
    const session =
      begin.remoteChannel === undefined ? this.#answer(channel) : this.#answered(begin.remoteChannel)
    this.#remote[channel] = session
    session.onBegin(begin, channel, this.#requirePeer())
  }

  /** The session that answers a peer's begin; an acceptor's first is the one it opens flows on too. */
  #answer(channel: number): Session {
    const isFirst = this.#config.side === 'acceptor' && this.own.remoteChannel < 0
    const session = isFirst ? this.own : this.#add()
    session.sendBegin(channel)
    this.#deps.parts.pump.request()
    return session
  }

  #answered(channel: number): Session {
    const session = this.#local[channel]
    if (session === undefined || session.remoteChannel >= 0)
      throw notAllowed('begin answers no begin of ours')
    return session
  }

  #add(): Session {
    let channel = 1
    while (this.#local[channel] !== undefined) channel += 1
    if (channel > Math.min(this.#config.channelMax, this.#requirePeer().channelMax)) {
      throw limitError('too many sessions')
    }
    const session = new Session(this.#deps, this.#config, channel)
    this.#local[channel] = session
    return session
  }

  #onEnd(session: Session, end: End): void {
    const wasOpen = !session.ended
    session.lose(lostBy('the peer ended the session', end))
    if (wasOpen) {
      session.send({ kind: 'end' })
      this.#deps.parts.pump.request()
    }
    this.#remote[session.remoteChannel] = undefined
    if (session === this.own) this.#loseOwn()
    else this.#local[session.channel] = undefined
  }

  /** Between our own routers a connection without its session is of no use. */
  #loseOwn(): void {
    if (this.#requirePeer().ours)
      throw new AmqpError(Condition.illegalState, 'the session of the connection ended')
  }

  #guard(session: Session, work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#onError(session, error)
    }
  }

  /** Ends the session alone when the error is no worse. */
  #onError(session: Session, error: unknown): void {
    if (!(error instanceof AmqpError) || error.scope === 'connection') throw error
    session.lose({ condition: error.condition, description: error.message })
    session.send({ kind: 'end', error: bounded({ condition: error.condition, description: error.message }) })
    this.#deps.parts.pump.request()
  }

  #at(channel: number): Session {
    const session = this.#remote[channel]
    if (session !== undefined) return session
    throw notAllowed(`channel ${channel} has no session`)
  }

  #requirePeer(): Peer {
    if (this.#peer === undefined) throw notAllowed('session before open')
    return this.#peer
  }
}

function dispatch(session: Session, performative: Performative): void {
  switch (performative.kind) {
    case 'attach':
      session.onAttach(performative)
      break
    case 'flow':
      session.onFlow(performative)
      break
    case 'detach':
      session.onDetach(performative)
      break
    case 'disposition':
      // All we send is settled; a sender's settling of its own deliveries changes nothing here.
      break
    default:
      throw notAllowed(`${performative.kind} on a session`)
  }
}

function lostBy(text: string, { error }: End): FlowError {
  return {
    condition: FlowCondition.linkLost,
    description: error === undefined ? text : `${text}: ${error.condition}`,
  }
}

function notAllowed(text: string): AmqpError {
  return new AmqpError(Condition.notAllowed, text)
}
