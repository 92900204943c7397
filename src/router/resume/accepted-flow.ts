/**
 * The end of a resumable flow that was opened by the other: it waits to be asked, and believes the other when that asks
 * while the old connection still seems alive.
 */
import type { FlowChannel, FlowError, FlowHandler, FlowPosition } from '../../amqp/flow-transport.ts'
import { NOBODY } from './nobody.ts'
import type { FlowPath, PeerProcess, TakenFlow } from './peer-process.ts'
import { STALE, STOLEN } from './reasons.ts'
import { ResumableFlow } from './resumable-flow.ts'

export class AcceptedFlow extends ResumableFlow implements TakenFlow {
  /** It was asked for again: each answer tells the position. */
  #isResumed = false

  /** Takes what the far side has opened; `decide` is the owner's. */
  take(channel: FlowChannel, path: FlowPath, process: PeerProcess, decide: () => FlowHandler): FlowHandler {
    const leg = this.legs.begin(channel, path)
    this.join(process)
    process.accepted.set(this.token, this)
    this.owner = NOBODY
    const owner = decide()
    if (this.owner !== undefined) this.owner = owner
    return leg
  }

  takeOver(channel: FlowChannel, path: FlowPath, at: FlowPosition): FlowHandler {
    const refusal = this.#refusal(at)
    if (refusal !== undefined) {
      channel.reset(refusal)
      if (refusal !== STALE) this.give(refusal)
      return NOBODY
    }
    this.legs.drop(STOLEN)
    const leg = this.legs.begin(channel, path)
    this.#isResumed = true
    this.goOn(at)
    return leg
  }

  #refusal(at: FlowPosition): FlowError | undefined {
    if (this.failure !== undefined) return this.failure
    return this.out.isStale(at) ? STALE : this.misfit(at)
  }

  override accept(): void {
    if (this.accepted) return
    this.accepted = true
    this.tellAccepted()
  }

  override legClosed(): void {
    const { received } = this.in.position
    this.process?.closed.add(this.token, { received, sent: this.out.sentBytes })
    super.legClosed()
  }

  /** Nobody accepts what was not opened here. */
  override legAccepted(): void {}

  protected override tellAccepted(): void {
    if (this.accepted) this.channel?.accept(this.#isResumed ? this.in.position : undefined)
  }
}
