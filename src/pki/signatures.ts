/**
 * Signatures of processes over what travels through others: made with the key of a leaf, shown with its chain. Each use has
 * a name of its own that is signed too, so that what was signed for one is no good for another.
 */
import { createPrivateKey, type KeyObject, sign, verify, type X509Certificate } from 'node:crypto'
import {
  decodeCertificate,
  encodeCertificate,
  readCertificates,
  type TrustAnchors,
  type VerifiedChain,
  verifyChain,
} from './chain.ts'
import { SignatureError } from './errors.ts'
import { MAX_SHOWN_CERTIFICATE, MAX_SHOWN_CHAIN } from './limits.ts'

/** What is signed, by name. */
export const SigningContext = {
  /** All that one cluster tells the others. */
  origin: 'fairlead/origin/1',
  /** What one router tells all others of itself and its neighbours. */
  router: 'fairlead/router/1',
  /** Who is behind a flow that goes over relays. */
  flow: 'fairlead/flow/1',
  /** Whom a clusterset trusts. */
  trust: 'fairlead/trust/1',
} as const
export type SigningContext = (typeof SigningContext)[keyof typeof SigningContext]

/** A signature and who made it. Travels between clusters, so it is untrusted input. */
export interface ShownSignature {
  /** DER in base64: the leaf, then its authority where it has one. */
  readonly chain: readonly string[]
  /** ECDSA with SHA-256 in DER, base64. Others can write the same one in several ways: it identifies nothing. */
  readonly value: string
}

/** Signs with the key of one leaf. */
export class Signer {
  readonly #key: KeyObject
  readonly #chain: readonly string[]

  /** PEM of the chain (leaf first) and of its key. Throws SignatureError when others would not take so long a chain. */
  constructor({ certificate, key }: { readonly certificate: string; readonly key: string }) {
    this.#key = createPrivateKey(key)
    this.#chain = readCertificates(certificate).slice(0, MAX_SHOWN_CHAIN).map(encodeCertificate)
    if (this.#chain.some(({ length }) => length > MAX_SHOWN_CERTIFICATE))
      throw new SignatureError('the certificate is too long to be shown with signatures')
  }

  /** About 30 microseconds. */
  sign(context: SigningContext, data: Buffer): ShownSignature {
    return { chain: this.#chain, value: signBytes(this.#key, context, data) }
  }
}

/** Signs with any ECDSA key; base64. */
export function signBytes(key: KeyObject, context: SigningContext, data: Buffer): string {
  // Keys alone, and DER: with any option Node takes half as long again.
  return sign('sha256', framed(context, data), key).toString('base64')
}

/** Whether `value` is a signature by the key of `certificate`; the certificate was verified before, so its key can be read. */
export function signatureHolds(
  certificate: X509Certificate,
  context: SigningContext,
  data: Buffer,
  value: string,
): boolean {
  try {
    return verify('sha256', framed(context, data), certificate.publicKey, Buffer.from(value, 'base64'))
  } catch {
    // Whoever shows a certificate chooses its key: one that cannot be read or does not sign with SHA-256 throws.
    return false
  }
}

/** Chains that were found good, so that only the first signature of a signer costs more than one verification. */
export class SignatureChecker {
  readonly #anchors: () => TrustAnchors
  readonly #limit: number
  /** By the text of the chain, least recently used first. */
  readonly #known = new Map<
    string,
    { readonly anchors: TrustAnchors; readonly leaf: X509Certificate; readonly chain: VerifiedChain }
  >()

  /** `anchors` returns the same object until anything in it changes. `limit`: chains that are remembered. */
  constructor(anchors: () => TrustAnchors, limit: number) {
    this.#anchors = anchors
    this.#limit = limit
  }

  /** Who signed. Throws ChainError when the signer is no member, SignatureError when it did not sign this. `now`: milliseconds since 1970. */
  check(context: SigningContext, data: Buffer, shown: ShownSignature, now: number): VerifiedChain {
    const { leaf, chain } = this.#signer(shown.chain, now)
    if (!signatureHolds(leaf, context, data, shown.value))
      throw new SignatureError(`what ${chain.identity.cluster} signed is something else`)
    return chain
  }

  #signer(texts: readonly string[], now: number) {
    const key = texts.join(' ')
    const anchors = this.#anchors()
    const known = this.#known.get(key)
    this.#known.delete(key)
    if (known !== undefined && known.anchors === anchors && now <= known.chain.validUntil) {
      this.#known.set(key, known)
      return known
    }
    if (texts.length > MAX_SHOWN_CHAIN) throw new SignatureError('the chain of a signature is too long')
    const certificates = texts.map(decodeCertificate)
    const chain = verifyChain(certificates, anchors, now)
    const found = { anchors, chain, leaf: certificates[0] as X509Certificate }
    this.#known.set(key, found)
    const [oldest] = this.#known.keys()
    if (this.#known.size > this.#limit && oldest !== undefined) this.#known.delete(oldest)
    return found
  }
}

function framed(context: SigningContext, data: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${context}\n`), data])
}
