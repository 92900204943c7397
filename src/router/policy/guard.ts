/**
 * What keeps one flow, or association, within the policies of the service it goes to: let in or refused when it begins, and
 * looked at again when policies change.
 */
import type { FlowError, FlowRequest } from '../../amqp/flow-transport.ts'
import type { AccessClient } from '../../api/access-policy.ts'
import type { ServiceKey } from '../../api/names.ts'
import type { MeterWaiter } from './byte-meter.ts'
import { OPEN_PASS, Pass } from './pass.ts'
import type { PolicyGate, Refusal } from './policy-gate.ts'

/** What is guarded. */
export interface Guarded extends MeterWaiter {
  kill(error: FlowError): void
}

/** A client as policies know it: its cluster vouches for its names. */
export function accessClient(
  cluster: string,
  { namespace, serviceAccount }: FlowRequest['client'],
): AccessClient {
  return { cluster, namespace, serviceAccount }
}

export class Guard {
  readonly #gate: PolicyGate
  readonly #client: AccessClient
  readonly #owner: Guarded
  #service: ServiceKey | undefined
  #pass: Pass = OPEN_PASS
  #refusal: Refusal | undefined

  constructor(gate: PolicyGate, client: AccessClient, owner: Guarded) {
    this.#gate = gate
    this.#client = client
    this.#owner = owner
  }

  get pass(): Pass {
    return this.#pass
  }

  /** Policies that refused it; undefined when none did. */
  get refusedBy(): readonly ServiceKey[] | undefined {
    return this.#refusal?.policies
  }

  /** False when it is refused, and killed. */
  enter(service: ServiceKey): boolean {
    this.#service = service
    const pass = this.#gate.enter(service, this.#client)
    if (pass instanceof Pass) this.#pass = pass
    else this.#deny(pass)
    return pass instanceof Pass
  }

  /** Policies may have changed: kills what may not go on. */
  renew(): void {
    if (this.#service === undefined || this.#refusal !== undefined) return
    const pass = this.#gate.renew(this.#service, this.#client, this.#pass)
    if (!(pass instanceof Pass)) this.#deny(pass)
    else if (pass !== this.#pass) this.#change(pass)
  }

  #change(pass: Pass): void {
    this.#pass.leave(this.#owner)
    this.#pass = pass
    this.#owner.bytesAllowed()
  }

  #deny(refusal: Refusal): void {
    this.#refusal = refusal
    this.#owner.kill(refusal.error)
  }

  /** It is over: it counts for no limit any more. */
  leave(): void {
    this.#service = undefined
    this.#pass.leave(this.#owner)
    this.#pass = OPEN_PASS
  }
}
