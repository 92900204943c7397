/**
 * Signatures of what routers say of themselves to all others (ADR 19): makes those of our own words, and says which of
 * others are theirs. Who passes an advertisement on can keep it back, but not change it or make one up.
 */
import { MAX_PROOF } from '../../api/limits.ts'
import type { RouterAdvertisement } from '../../api/router-advertisement.ts'
import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/log.ts'
import type { SnapshotSource } from '../../core/snapshot.ts'
import type { TrustAnchors } from '../../pki/chain.ts'
import { ChainError, SignatureError } from '../../pki/errors.ts'
import { Role } from '../../pki/identity.ts'
import { type ShownSignature, SignatureChecker, SigningContext } from '../../pki/signatures.ts'
import { MAX_KNOWN_ROUTER_CHAINS } from './limits.ts'

export interface AdvertisementSignaturesDeps {
  readonly clock: Pick<Clock, 'now'>
  readonly logger: Logger
  readonly anchors: SnapshotSource<TrustAnchors>
  readonly signer: { sign(context: SigningContext, data: Buffer): ShownSignature }
}

export class AdvertisementSignatures {
  readonly #deps: AdvertisementSignaturesDeps
  readonly #checker: SignatureChecker

  constructor(deps: AdvertisementSignaturesDeps) {
    this.#deps = deps
    this.#checker = new SignatureChecker(() => deps.anchors.current(), MAX_KNOWN_ROUTER_CHAINS)
  }

  /** Our own words, signed; unsigned, and told in the log, where the certificates are too long for an advertisement. */
  readonly sign = (advertisement: RouterAdvertisement): RouterAdvertisement => {
    const { chain, value } = this.#deps.signer.sign(SigningContext.router, this.#bytesOf(advertisement))
    const proof = [value, ...chain].join(' ')
    if (proof.length <= MAX_PROOF) return { ...advertisement, proof }
    this.#deps.logger.error(
      { length: proof.length, most: MAX_PROOF },
      'other clusters will not find this router: its certificates are too long',
    )
    return advertisement
  }

  /** Whether a router of the cluster that it names said this. One verification, and those of a chain that is not known yet. */
  readonly verify = (advertisement: RouterAdvertisement): boolean => {
    const [value, ...chain] = advertisement.proof?.split(' ') ?? []
    if (value === undefined) return false
    const data = this.#bytesOf(advertisement)
    try {
      const now = this.#deps.clock.now()
      const { identity } = this.#checker.check(SigningContext.router, data, { chain, value }, now)
      return identity.role === Role.router && identity.cluster === advertisement.cluster
    } catch (error) {
      if (!(error instanceof ChainError || error instanceof SignatureError)) throw error
      const { router, cluster } = advertisement
      this.#deps.logger.debug({ router, cluster, error: error.message }, 'advertisement is not signed well')
      return false
    }
  }

  #bytesOf({ router, name, cluster, sequence, draining, neighbours }: RouterAdvertisement): Buffer {
    const { clusterset } = this.#deps.anchors.current()
    return Buffer.from(JSON.stringify([clusterset, router, name, cluster, sequence, draining, neighbours]))
  }
}
