/**
 * One end of a flow that outlives its data connection (ADR 9): a FlowChannel to its owner, carried by one leg after the
 * other. Knows no connections and no time: whoever keeps it says when to resume and when to give up.
 */
import {
  type FlowChannel,
  FlowCondition,
  type FlowError,
  type FlowHandler,
  type FlowPosition,
  type FlowRequest,
  type Resumable,
} from '../../amqp/flow-transport.ts'
import type { FlowKeeping } from './flow-keeping.ts'
import { Incoming } from './incoming.ts'
import { type FlowPath, Leg, type LegOwner, NOBODY } from './leg.ts'
import { FLOW_BASE_BYTES } from './limits.ts'
import { Outgoing } from './outgoing.ts'
import type { PeerProcess } from './peer-process.ts'
import { asReset, isLoss, NEVER_ACCEPTED, NO_MEMORY, STALE, STOLEN, violation } from './reasons.ts'
import { RetainedBytes } from './retained-bytes.ts'
import { NothingRetained } from './retention.ts'

export class ResumableFlow implements FlowChannel, LegOwner {
  readonly token: string
  readonly graceMs: number
  readonly #keeper: FlowKeeping
  /** Of the end that opened the flow. */
  readonly #request: FlowRequest | undefined
  readonly #out: Outgoing
  readonly #in: Incoming
  #id = ''
  #process: PeerProcess | undefined
  /** Undefined once it is told nothing more. */
  #owner: FlowHandler | undefined
  #leg: Leg | undefined
  #state: 'live' | 'suspended' | 'over' = 'live'
  #accepted = false
  /** The far side has asked for it again. */
  #isResumed = false
  /** Datagrams dropped on legs that are gone. */
  #dropped = 0
  /** What the far side is to be told when it is reached again. */
  #failure: FlowError | undefined

  constructor(keeper: FlowKeeping, request: FlowRequest, { token, graceMs }: Resumable, isOpener: boolean) {
    this.#keeper = keeper
    this.token = token
    this.graceMs = graceMs
    this.#request = isOpener ? request : undefined
    const { budget, retained, stranded } = keeper.memory
    const isStream = request.protocol === 'TCP'
    this.#out = new Outgoing(isStream ? new RetainedBytes(retained) : new NothingRetained(), budget)
    this.#in = new Incoming(isStream, stranded)
  }

  get id(): string {
    return this.#id
  }

  get process(): PeerProcess | undefined {
    return this.#process
  }

  get isOpener(): boolean {
    return this.#request !== undefined
  }

  /** Bytes it holds. */
  get heldBytes(): number {
    return this.#out.bytes + this.#in.stranded
  }

  /** This end opened the flow, and has to resume it now. */
  get wantsLeg(): boolean {
    return this.#request !== undefined && this.#state === 'suspended' && this.#leg === undefined
  }

  /** Where bytes can go now. */
  get #channel(): FlowChannel | undefined {
    return this.#state === 'live' ? this.#leg?.channel : undefined
  }

  // Beginning

  /** Opens it on `path`. */
  open(path: FlowPath, handler: (channel: FlowChannel) => FlowHandler): void {
    const { token, graceMs } = this
    this.#openLeg(path, { token, graceMs }, () => {
      this.#owner = handler(this)
    })
  }

  /** Takes what the far side has opened; `decide` is the owner's. */
  take(channel: FlowChannel, path: FlowPath, process: PeerProcess, decide: () => FlowHandler): FlowHandler {
    const leg = this.#ride(channel, path)
    this.#join(process)
    this.#owner = NOBODY
    const owner = decide()
    if (this.#owner !== undefined) this.#owner = owner
    return leg
  }

  #openLeg(path: FlowPath, resumable: Resumable, begun: () => void): void {
    if (this.#request === undefined) return
    path.openRaw({ ...this.#request, resumable }, (channel) => {
      const leg = this.#ride(channel, path)
      begun()
      return leg
    })
  }

  #ride(channel: FlowChannel, path: FlowPath): Leg {
    if (this.#id === '') this.#id = channel.id
    this.#leg = new Leg(this, channel, path)
    return this.#leg
  }

  #join(process: PeerProcess): void {
    this.#process = process
    this.#keeper.joined(this, process)
  }

  // FlowChannel

  get writable(): number {
    return this.#owner === undefined ? 0 : this.#out.writable(this.#channel)
  }

  get dropped(): number {
    return this.#dropped + this.#out.dropped + (this.#leg?.channel.dropped ?? 0)
  }

  write(chunk: Buffer): void {
    if (this.#owner !== undefined) this.#out.write(chunk, this.#channel)
  }

  end(): void {
    if (this.#owner !== undefined) this.#out.end(this.#channel)
  }

  /** While it is suspended the far side is told when it is reached again. */
  reset(error: FlowError): void {
    if (this.#owner === undefined) return
    this.#owner = undefined
    this.#failure = asReset(error)
    this.#out.drop()
    if (this.#state === 'live') this.#tellFailure(this.#failure)
  }

  consumed(bytes: number): void {
    const now = this.#in.consumed(bytes)
    if (now > 0) this.#leg?.channel.consumed(now)
  }

  accept(): void {
    if (this.#accepted || this.#request !== undefined) return
    this.#accepted = true
    this.#tellAccepted()
  }

  // Resuming, when the keeper says so

  /** This end opened the flow: asks for it on `path`. */
  attempt(path: FlowPath): void {
    const { token, graceMs } = this
    if (this.wantsLeg) this.#openLeg(path, { token, graceMs, at: this.#in.position }, () => {})
  }

  /** The far side goes on with the flow it once opened, and has what `at` says. */
  takeOver(channel: FlowChannel, path: FlowPath, at: FlowPosition): FlowHandler {
    const isStale = this.#failure === undefined && this.#out.isStale(at)
    const error = isStale ? STALE : (this.#failure ?? this.#misfit(at))
    if (error !== undefined) {
      channel.reset(error)
      if (!isStale) this.#give(error)
      return NOBODY
    }
    this.#dropLeg(STOLEN)
    const leg = this.#ride(channel, path)
    this.#isResumed = true
    this.#goOn(at)
    return leg
  }

  /** Ends it: it cannot be resumed any more. */
  giveUp(error: FlowError): void {
    if (this.#state !== 'over') this.#give(error)
  }

  // What the leg tells

  legAccepted(position: FlowPosition | undefined): void {
    if (this.#state === 'suspended') this.#answered(position)
    else if (!this.#accepted) this.#begin()
  }

  legData(chunk: Buffer): void {
    if (this.#state !== 'live' || this.#in.ended) {
      this.#give(violation('bytes where none may be'))
      return
    }
    this.#in.add(chunk.length)
    this.#owner?.onData(chunk)
  }

  legEnded(): void {
    if (this.#in.ended) return
    this.#in.ended = true
    this.#owner?.onEnd()
  }

  legReset(error: FlowError): void {
    const process = this.#process ?? this.#leg?.path.process
    this.#leaveLeg()
    if (this.#state === 'suspended') this.#attemptEnded(error)
    else if (error.condition !== FlowCondition.linkLost || process === undefined) this.#give(error)
    else this.#lost(error, process)
  }

  legDrained(): void {
    const channel = this.#channel
    if (channel === undefined) return
    this.#out.pump(channel)
    if (this.writable > 0) this.#owner?.onDrain()
  }

  legAcked(bytes: number): void {
    if (!this.#out.acknowledge(bytes)) {
      this.#give(violation('bytes acknowledged that were not sent'))
      return
    }
    this.#owner?.onAcked(bytes)
    this.#tellReopened()
  }

  legClosed(): void {
    const owner = this.#owner
    this.#finish()
    owner?.onClosed()
  }

  // States

  /** The first leg was accepted. With a peer that cannot resume nothing need be kept. */
  #begin(): void {
    const process = this.#leg?.path.process
    if (process === undefined) this.#out.retainNothing()
    else this.#join(process)
    this.#tellAccepted()
    this.#tellReopened()
  }

  /** The acceptor has the flow, and what `position` says. */
  #answered(position: FlowPosition | undefined): void {
    const error = position === undefined ? violation('resumed without a position') : this.#misfit(position)
    if (this.#failure !== undefined) this.#tellFailure(this.#failure)
    else if (position === undefined || error !== undefined) this.#give(error ?? STALE)
    else this.#goOn(position)
  }

  #misfit(position: FlowPosition): FlowError | undefined {
    const { budget } = this.#keeper.memory
    const isTooMuch = budget.exhausted && this.#in.stranded > FLOW_BASE_BYTES
    return this.#out.misfit(position) ?? (isTooMuch ? NO_MEMORY : undefined)
  }

  #goOn(position: FlowPosition): void {
    const { acked, again } = this.#out.restart(position)
    this.#state = 'live'
    this.#keeper.resumed(this, again)
    this.#tellAccepted()
    if (acked > 0) this.#owner?.onAcked(acked)
    if (this.#channel !== undefined) this.#out.pump(this.#channel)
    this.#tellReopened()
  }

  /** The opener's owner hears of the first accept, the far side of each. */
  #tellAccepted(): void {
    if (this.#request === undefined) {
      if (this.#accepted) this.#channel?.accept(this.#isResumed ? this.#in.position : undefined)
    } else if (!this.#accepted) {
      this.#accepted = true
      this.#owner?.onAccept()
    }
  }

  #tellReopened(): void {
    const channel = this.#channel
    if (channel !== undefined && this.#out.reopened(channel)) this.#owner?.onDrain()
  }

  /** A flow that was not accepted and carried nothing its owner may open elsewhere: the far side is told when it is reached. */
  #lost(error: FlowError, process: PeerProcess): void {
    const owner = this.#owner
    const mayMove = this.#request !== undefined && !this.#accepted && !this.#out.begun
    if (mayMove) {
      this.#owner = undefined
      this.#failure = NEVER_ACCEPTED
    }
    if (this.#process === undefined) this.#join(process)
    this.#state = 'suspended'
    this.#keeper.suspended(this)
    if (mayMove) owner?.onReset(error)
  }

  #attemptEnded(error: FlowError): void {
    if (error.condition === FlowCondition.linkLost) {
      this.#keeper.attemptLost(this)
      return
    }
    this.#keeper.attemptRefused()
    this.#give(error)
  }

  #tellFailure(error: FlowError): void {
    this.#leg?.drop(error)
    this.#finish()
  }

  /** Ends it at both sides. Both sockets may have ended well before, and only our half-close not be acknowledged. */
  #give(error: FlowError): void {
    const owner = this.#owner
    const isWell = this.#accepted && this.#in.ended && this.#out.onlyEndUnacknowledged && isLoss(error)
    this.#dropLeg(asReset(error))
    this.#finish()
    if (isWell) owner?.onClosed()
    else owner?.onReset(error)
  }

  #dropLeg(error: FlowError): void {
    const leg = this.#leg
    this.#leaveLeg()
    leg?.drop(error)
  }

  /** What the leg brought and the owner has not read is not for the next leg to count. */
  #leaveLeg(): void {
    this.#in.strand()
    this.#dropped += this.#leg?.channel.dropped ?? 0
    this.#leg = undefined
  }

  #finish(): void {
    this.#state = 'over'
    this.#owner = undefined
    this.#out.drop()
    this.#in.drop()
    this.#keeper.over(this)
  }
}
