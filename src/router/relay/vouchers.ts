/**
 * Vouchers of flows over relays (ADR 19): makes those of the flows that this router opens, and says which of others hold.
 */
import { FlowCondition, type FlowRequest, type RelayedWay } from '../../amqp/flow-transport.ts'
import type { Clock } from '../../core/clock.ts'
import type { SnapshotSource } from '../../core/snapshot.ts'
import type { TrustAnchors } from '../../pki/chain.ts'
import { ChainError, SignatureError } from '../../pki/errors.ts'
import { Role } from '../../pki/identity.ts'
import { type ShownSignature, SignatureChecker, SigningContext } from '../../pki/signatures.ts'
import { MAX_KNOWN_VOUCHERS, MAX_VOUCHER_AGE_MS } from './limits.ts'
import type { RelayedRequest, VerifyOrigin } from './relay.ts'
import { SeenOpenings } from './seen-openings.ts'
import { vouchedBytes } from './voucher.ts'
import type { Refusal, RefusalCause } from './way.ts'

export interface VouchersDeps {
  readonly clock: Pick<Clock, 'now'>
  readonly anchors: SnapshotSource<TrustAnchors>
  readonly signer: { sign(context: SigningContext, data: Buffer): ShownSignature }
}

/** The same way, with a voucher for the flow that is to be opened on it. */
export type Vouch = (request: FlowRequest, way: RelayedWay) => RelayedWay

export class Vouchers {
  readonly #deps: VouchersDeps
  readonly #checker: SignatureChecker
  readonly #seen = new SeenOpenings()
  #opened = 0

  constructor(deps: VouchersDeps) {
    this.#deps = deps
    this.#checker = new SignatureChecker(() => deps.anchors.current(), MAX_KNOWN_VOUCHERS)
  }

  readonly vouch: Vouch = (request, way) => {
    const { clock, signer } = this.#deps
    this.#opened += 1
    const [time, number] = [clock.now(), this.#opened]
    const data = this.#bytesOf(request, way, { time, number })
    return { ...way, voucher: { time, number, ...signer.sign(SigningContext.flow, data) } }
  }

  /** For a flow that ends here, of whose way all else is in order. An opening holds once. */
  readonly verify: VerifyOrigin = (request) => this.#faultOfSigner(request) ?? this.#faultOfMoment(request)

  #faultOfSigner(request: RelayedRequest): Refusal | undefined {
    const { relay } = request
    const { voucher, origin } = relay
    if (voucher === undefined) return refusal('unsigned', 'nobody vouches for the flow')
    try {
      const data = this.#bytesOf(request, relay, voucher)
      const { identity } = this.#checker.check(SigningContext.flow, data, voucher, this.#deps.clock.now())
      return identity.role === Role.router && identity.cluster === origin.cluster
        ? undefined
        : refusal('signer', 'who vouches for the flow is no router of its cluster')
    } catch (error) {
      if (error instanceof ChainError) return refusal('signer', error.message)
      if (error instanceof SignatureError) return refusal('forged', 'the flow is not the one that was opened')
      throw error
    }
  }

  #faultOfMoment({ relay: { voucher, origin } }: RelayedRequest): Refusal | undefined {
    if (voucher === undefined) return undefined
    const { time, number } = voucher
    if (Math.abs(this.#deps.clock.now() - time) > MAX_VOUCHER_AGE_MS)
      return refusal('late', 'the flow was opened too long ago, or clocks differ')
    return this.#seen.take(origin.cluster, origin.router, number)
      ? undefined
      : refusal('replayed', 'the flow was opened before')
  }

  #bytesOf(
    request: FlowRequest,
    { origin, cluster, path }: RelayedWay,
    moment: { readonly time: number; readonly number: number },
  ): Buffer {
    const { clusterset } = this.#deps.anchors.current()
    return vouchedBytes(request, { clusterset, origin, cluster, router: path.at(-1) ?? '', ...moment })
  }
}

function refusal(cause: RefusalCause, description: string): Refusal {
  return { cause, error: { condition: FlowCondition.unvouched, description } }
}
