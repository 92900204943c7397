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
import type { FlowKeeping, KeptFlow } from './flow-keeping.ts'
import { Incoming } from './incoming.ts'
import type { LegOwner } from './leg.ts'
import { Legs } from './legs.ts'
import { FLOW_BASE_BYTES } from './limits.ts'
import { Outgoing } from './outgoing.ts'
import type { PeerProcess } from './peer-process.ts'
import { ABANDONED, asReset, isLoss, isOfTheWay, NO_MEMORY, violation } from './reasons.ts'
import { RetainedBytes } from './retained-bytes.ts'
import { NothingRetained } from './retention.ts'

/** What both ends share; opened-flow.ts and accepted-flow.ts are the two. */
export abstract class ResumableFlow implements FlowChannel, LegOwner, KeptFlow {
  readonly token: string
  readonly graceMs: number
  protected readonly keeper: FlowKeeping
  protected readonly out: Outgoing
  protected readonly in: Incoming
  protected readonly legs: Legs
  /** Suspended: no leg carries it; one may have been asked to. */
  protected state: 'live' | 'suspended' | 'over' = 'live'
  protected accepted = false
  /** Undefined once it is told nothing more. */
  protected owner: FlowHandler | undefined
  /** What the far side is to be told when it is reached again. */
  protected failure: FlowError | undefined
  #process: PeerProcess | undefined
  #resumptions = 0

  constructor(keeper: FlowKeeping, { protocol }: FlowRequest, { token, graceMs }: Resumable) {
    this.keeper = keeper
    this.token = token
    this.graceMs = graceMs
    const { memory } = keeper
    const isStream = protocol === 'TCP'
    const retention = isStream ? new RetainedBytes(memory.retained) : new NothingRetained()
    this.out = new Outgoing(retention, memory)
    this.in = new Incoming(isStream, memory.stranded)
    this.legs = new Legs(this, this.in)
  }

  get id(): string {
    return this.legs.id
  }

  get process(): PeerProcess | undefined {
    return this.#process
  }

  get heldBytes(): number {
    return this.out.bytes + this.in.stranded
  }

  /** Where bytes can go now. */
  protected get channel(): FlowChannel | undefined {
    return this.state === 'live' ? this.legs.now?.channel : undefined
  }

  // FlowChannel

  get writable(): number {
    return this.owner === undefined ? 0 : this.out.writable(this.channel)
  }

  get dropped(): number {
    return this.out.dropped + this.legs.dropped
  }

  get resumptions(): number {
    return this.#resumptions
  }

  write(chunk: Buffer): void {
    if (this.owner === undefined) return
    this.out.write(chunk, this.channel)
    if (this.state === 'suspended') this.keeper.grown(this)
  }

  end(): void {
    if (this.owner !== undefined) this.out.end(this.channel)
  }

  /** While it is suspended the far side is told when it is reached again. */
  reset(error: FlowError): void {
    if (this.owner === undefined) return
    this.fail(error)
    if (this.state === 'live') this.tellFailure()
  }

  consumed(bytes: number): void {
    const now = this.in.consumed(bytes)
    if (now > 0) this.legs.now?.channel.consumed(now)
  }

  abstract accept(): void

  // What the keeper says

  giveUp(error: FlowError): void {
    if (this.state !== 'over') this.give(error)
  }

  insist(): void {
    if (this.failure !== undefined && this.legs.now !== undefined) this.tellFailure()
  }

  // What the leg tells

  abstract legAccepted(position: FlowPosition | undefined): void

  legData(chunk: Buffer): void {
    if (this.state !== 'live' || this.in.ended) {
      this.give(violation('bytes where none may be'))
      return
    }
    this.in.add(chunk.length)
    this.owner?.onData(chunk)
  }

  legEnded(): void {
    if (this.in.ended) return
    this.in.ended = true
    this.owner?.onEnd()
  }

  legReset(error: FlowError): void {
    const process = this.#process ?? this.legs.now?.path.process
    this.legs.leave()
    if (this.state === 'suspended') this.#attemptEnded(error)
    else if (error.condition !== FlowCondition.linkLost || process === undefined) this.give(error)
    else this.suspend(error, process)
  }

  legDrained(): void {
    const { channel } = this
    if (channel === undefined) return
    this.out.pump(channel)
    if (this.writable > 0) this.owner?.onDrain()
  }

  legAcked(bytes: number): void {
    if (!this.out.acknowledge(bytes)) {
      this.give(violation('bytes acknowledged that were not sent'))
      return
    }
    this.owner?.onAcked(bytes)
    this.tellReopened()
  }

  legClosed(): void {
    const { owner } = this
    this.#finish()
    owner?.onClosed()
  }

  // States

  /** It lives and dies with this process now. */
  protected join(process: PeerProcess): void {
    this.#process = process
    process.flowBegan()
  }

  /** Its leg is lost, with the connection under it. */
  protected suspend(_error: FlowError, process: PeerProcess): void {
    if (this.#process === undefined) this.join(process)
    this.state = 'suspended'
    this.keeper.suspended(this)
  }

  /** Why it cannot go on from where the far side says it is; undefined when it can. */
  protected misfit(position: FlowPosition): FlowError | undefined {
    const isTooMuch = this.keeper.memory.budget.exhausted && this.in.stranded > FLOW_BASE_BYTES
    return this.out.misfit(position) ?? (isTooMuch ? NO_MEMORY : undefined)
  }

  /** A new leg carries it from where the far side is. */
  protected goOn(position: FlowPosition): void {
    const { acked, again } = this.out.restart(position)
    this.#resumptions += 1
    this.state = 'live'
    this.keeper.resumed(this, again)
    this.tellAccepted()
    if (acked > 0) this.owner?.onAcked(acked)
    if (this.channel !== undefined) this.out.pump(this.channel)
    this.tellReopened()
  }

  /** To whoever does not know it yet: the owner of the end that opened it, or the far side. */
  protected abstract tellAccepted(): void

  protected tellReopened(): void {
    const { channel } = this
    if (channel !== undefined && this.out.reopened(channel)) this.owner?.onDrain()
  }

  /** The owner takes no more part. */
  protected fail(error: FlowError): void {
    this.owner = undefined
    this.failure = asReset(error)
    this.out.drop()
  }

  protected tellFailure(): void {
    if (this.failure !== undefined) this.legs.drop(this.failure)
    this.#finish()
  }

  /** Ends it on both sides. Both sockets may have ended well before, and only our half-close not be acknowledged. */
  protected give(error: FlowError): void {
    const { owner } = this
    const isWell = this.accepted && this.in.ended && this.#isSettled(error)
    this.legs.drop(asReset(error))
    this.#finish()
    if (isWell) owner?.onClosed()
    else owner?.onReset(error)
  }

  /** Nothing of ours is missing, as far as can be known. Who does not ask for what was sent has it. */
  #isSettled(error: FlowError): boolean {
    return error === ABANDONED ? this.out.isSent : this.out.onlyEndUnacknowledged && isLoss(error)
  }

  #attemptEnded(error: FlowError): void {
    if (isOfTheWay(error)) {
      this.keeper.attemptLost(this)
      return
    }
    this.keeper.attemptRefused()
    this.give(error)
  }

  #finish(): void {
    this.state = 'over'
    this.owner = undefined
    this.out.drop()
    this.in.drop()
    this.keeper.over(this)
  }
}
