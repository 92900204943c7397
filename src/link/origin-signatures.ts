/**
 * Signatures of what clusters tell of themselves (ADR 19): makes those of our own, and says which of others hold. Counts
 * those that do not.
 */
import type { OriginState } from '../api/service-record.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import type { Labels, Metrics } from '../core/metrics.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import type { TrustAnchors, VerifiedChain } from '../pki/chain.ts'
import { ChainError, type ChainFault, SignatureError } from '../pki/errors.ts'
import { type PeerIdentity, Role } from '../pki/identity.ts'
import { type ShownSignature, SignatureChecker, SigningContext } from '../pki/signatures.ts'
import { MAX_KNOWN_SIGNERS } from './limits.ts'
import { OriginDigest } from './origin-digest.ts'
import { RareLog } from './rare-log.ts'

/** Why a state is not believed. Used as a metric label: keep it a short closed set. */
export type OriginFaultReason =
  | ChainFault
  /** There is no signature. */
  | 'missing'
  /** It is that of a member who may not speak for the cluster. */
  | 'signer'
  /** It is of something else. */
  | 'forged'

export interface OriginFault {
  readonly reason: OriginFaultReason
  /** For people. */
  readonly detail: string
  /**
   * Its owner would never tell it. Otherwise it may well be its own: it is old, or who reads it has not heard yet whom
   * the clusterset trusts.
   */
  readonly isForgery: boolean
}

/** Why a state is not to be taken; undefined when it is. */
export type VerifyOrigin = (state: OriginState) => OriginFault | undefined

export interface OriginSignaturesDeps {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  readonly logger: Logger
  readonly metrics: Metrics
  readonly anchors: SnapshotSource<TrustAnchors>
  /** Told of each chain that a state was signed by: a revoked cluster that shows a newer one was invited again. */
  readonly onMember?: (chain: VerifiedChain) => void
  readonly signer: { sign(context: SigningContext, data: Buffer): ShownSignature }
}

/** What time heals, or news that are on their way. */
const OF_THE_MOMENT: ReadonlySet<OriginFaultReason> = new Set(['expired', 'untrusted', 'revoked'])

export class OriginSignatures {
  readonly #deps: OriginSignaturesDeps
  readonly #digest = new OriginDigest()
  readonly #checker: SignatureChecker
  readonly #rare: RareLog
  readonly #count: (labels?: Labels) => void

  constructor(deps: OriginSignaturesDeps) {
    this.#deps = deps
    this.#checker = new SignatureChecker(() => deps.anchors.current(), MAX_KNOWN_SIGNERS)
    this.#rare = new RareLog(deps.clock)
    this.#count = deps.metrics.counter(
      'fairlead_directory_signatures_refused_total',
      'States of clusters that were not taken because their signatures do not hold, by reason',
      ['reason'],
    )
  }

  /** The state with our signature. */
  sign(state: OriginState): OriginState {
    const signature = this.#deps.signer.sign(SigningContext.origin, this.#bytesOf(state))
    return { ...state, signature }
  }

  /** One verification, and those of the chain when the signer is not known yet. */
  readonly verify: VerifyOrigin = (state) => {
    const fault = this.#faultOf(state)
    if (fault === undefined) return undefined
    this.#count({ reason: fault.reason })
    const { cluster, epoch, sequence } = state
    if (this.#rare.isNews(`${fault.reason} ${cluster}`)) {
      const { reason, detail } = fault
      this.#deps.logger.warn({ origin: cluster, epoch, sequence, reason, detail }, 'signature refused')
    }
    return fault
  }

  #faultOf(state: OriginState): OriginFault | undefined {
    const { signature, cluster } = state
    if (signature === undefined) return faultOf('missing', 'it is not signed')
    try {
      const data = this.#bytesOf(state)
      const now = this.#deps.clock.now()
      const chain = this.#checker.check(SigningContext.origin, data, signature, now)
      const { identity } = chain
      if (!speaksFor(identity, cluster))
        return faultOf('signer', `the ${identity.role} of ${identity.cluster} may not speak for ${cluster}`)
      this.#deps.onMember?.(chain)
      return undefined
    } catch (error) {
      if (error instanceof ChainError) return faultOf(error.fault, error.message)
      if (error instanceof SignatureError) return faultOf('forged', error.message)
      throw error
    }
  }

  #bytesOf(state: OriginState): Buffer {
    return this.#digest.of(this.#deps.anchors.current().clusterset, state)
  }
}

/** The controller of a cluster; a router where there is none, at a site without Kubernetes. */
function speaksFor({ role, cluster }: PeerIdentity, origin: string): boolean {
  return cluster === origin && (role === Role.controller || role === Role.router)
}

function faultOf(reason: OriginFaultReason, detail: string): OriginFault {
  return { reason, detail, isForgery: !OF_THE_MOMENT.has(reason) }
}
