/**
 * The end of a flow at a service's side, as policies see it: let in or refused, ended when it may not go on, and paused
 * while a limit of bytes is used up.
 */
import type { AccessClient } from '../../api/access-policy.ts'
import { FlowEnd, type FlowEndDeps } from '../flow-end.ts'
import { Guard, type Guarded } from './guard.ts'
import type { PolicyGate } from './policy-gate.ts'

export interface GuardedFlowDeps extends FlowEndDeps {
  readonly gate: PolicyGate
}

export abstract class GuardedFlow extends FlowEnd implements Guarded {
  protected readonly guard: Guard
  /** What was gathered for the socket waits for a limit. */
  #writingHeld = false

  constructor(deps: GuardedFlowDeps, client: AccessClient) {
    super(deps, client.cluster)
    this.guard = new Guard(deps.gate, client, this)
  }

  accessChanged(): void {
    this.guard.renew()
  }

  /** Limits leave room again, or are no more. */
  bytesAllowed(): void {
    if (this.closed || this.#waits()) return
    this.#readOn()
    if (!this.#writingHeld) return
    this.#writingHeld = false
    this.flush()
  }

  #readOn(): void {
    if (!this.readingHeld) return
    this.readingHeld = false
    if (this.channel !== undefined && this.channel.writable > 0) this.onDrain()
  }

  /** A policy is in debt: its meter says when to go on. */
  #waits(): boolean {
    const { debtor } = this.guard.pass
    debtor?.wait(this)
    return debtor !== undefined
  }

  override socketData(chunk: Buffer): void {
    super.socketData(chunk)
    if (this.guard.pass.isMetered) this.#meterReading(chunk.length)
  }

  #meterReading(bytes: number): void {
    this.guard.pass.spend(bytes)
    if (this.closed || !this.#waits()) return
    this.readingHeld = true
    this.stopReading()
  }

  override flush(): void {
    if (this.guard.pass.isMetered) this.#flushMetered()
    else super.flush()
  }

  /** What is gathered stays, within the window that the sender has. */
  #flushMetered(): void {
    if (this.socket !== undefined && !this.closed && this.#waits()) {
      this.#writingHeld = true
      return
    }
    const before = this.toSocket
    super.flush()
    this.guard.pass.spend(this.toSocket - before)
  }
}
