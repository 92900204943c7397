/**
 * The end of a resumable flow that opened it: this one resumes, for it can route.
 */
import type {
  FlowChannel,
  FlowError,
  FlowHandler,
  FlowPosition,
  FlowRequest,
  Resumable,
} from '../../amqp/flow-transport.ts'
import type { FlowKeeping } from './flow-keeping.ts'
import type { FlowPath, PeerProcess } from './peer-process.ts'
import { NEVER_ACCEPTED, violation } from './reasons.ts'
import { ResumableFlow } from './resumable-flow.ts'

export class OpenedFlow extends ResumableFlow {
  readonly #request: FlowRequest

  constructor(keeper: FlowKeeping, request: FlowRequest, terms: Resumable) {
    super(keeper, request, terms)
    this.#request = request
  }

  /** It has to be resumed now, and nobody was asked yet. */
  get wantsLeg(): boolean {
    return this.state === 'suspended' && this.legs.now === undefined
  }

  /** Opens it on `path`. */
  open(path: FlowPath, handler: (channel: FlowChannel) => FlowHandler): void {
    this.#ask(path, undefined, () => {
      this.owner = handler(this)
    })
  }

  /** Asks for it on `path`, which leads to the same process. */
  resume(path: FlowPath): void {
    if (this.wantsLeg) this.#ask(path, this.in.position, () => {})
  }

  #ask(path: FlowPath, at: FlowPosition | undefined, asked: () => void): void {
    const { token, graceMs } = this
    const resumable = at === undefined ? { token, graceMs } : { token, graceMs, at }
    path.openRaw({ ...this.#request, resumable }, (channel) => {
      const leg = this.legs.begin(channel, path)
      asked()
      return leg
    })
  }

  /** Only the end that did not open a flow accepts it. */
  override accept(): void {}

  override legAccepted(position: FlowPosition | undefined): void {
    if (this.state === 'suspended') this.#answered(position)
    else if (!this.accepted) this.#begin()
  }

  /** With a peer that cannot resume nothing need be kept. */
  #begin(): void {
    const process = this.legs.now?.path.process
    if (process === undefined) this.out.retainNothing()
    else this.join(process)
    this.tellAccepted()
    this.tellReopened()
  }

  /** The far side has the flow, and what `position` says. */
  #answered(position: FlowPosition | undefined): void {
    if (this.failure !== undefined) {
      this.tellFailure()
      return
    }
    const error = position === undefined ? violation('resumed without a position') : this.misfit(position)
    if (error !== undefined) this.give(error)
    else if (position !== undefined) this.goOn(position)
  }

  protected override tellAccepted(): void {
    if (this.accepted) return
    this.accepted = true
    this.owner?.onAccept()
  }

  /** What was not accepted and carried nothing may be opened elsewhere: the far side is told when it is reached. */
  protected override suspend(error: FlowError, process: PeerProcess): void {
    const { owner } = this
    const mayMove = !this.accepted && !this.out.begun
    if (mayMove) this.fail(NEVER_ACCEPTED)
    super.suspend(error, process)
    if (mayMove) owner?.onReset(error)
  }
}
