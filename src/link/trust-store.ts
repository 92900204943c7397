/**
 * Whom this process trusts: the roots it was given, united with those of the newest trust statement, less the clusters that
 * the statement revokes. Statements come from anybody; only what a trusted root signed counts.
 */
import type { X509Certificate } from 'node:crypto'
import { describeError } from '../core/errors.ts'
import type { Logger } from '../core/log.ts'
import type { Labels, Metrics } from '../core/metrics.ts'
import { Snapshot, type SnapshotSource } from '../core/snapshot.ts'
import {
  chainSince,
  readCertificates,
  type TrustAnchors,
  type VerifiedChain,
  verifyChain,
} from '../pki/chain.ts'
import { ChainError } from '../pki/errors.ts'
import type { PeerIdentity } from '../pki/identity.ts'
import {
  anchorsOf,
  revocationText,
  revocationTime,
  type SignedStatement,
  StatementReader,
  type TrustStatement,
} from '../pki/trust-statement.ts'
import { MAX_ORIGINS, MAX_TRUST_MESSAGE } from './limits.ts'
import { NOBODY_GONE, Standing, standingOf } from './standing.ts'

/** What became of a statement: it is newer than ours, ours is as new, or nobody we trust signed it. */
export type Offer = 'newer' | 'known' | 'refused'

/** Our own place. */
interface Own {
  readonly identity: PeerIdentity
  /** From when the certificate is valid that a root signed, milliseconds since 1970. */
  readonly since: number
  readonly roots: readonly X509Certificate[]
}

/** What a peer's chain says of it. */
interface Shown {
  readonly cluster: string
  /** From when the certificate is valid that a root signed, milliseconds since 1970. */
  readonly since: number
}

const NOBODY: TrustAnchors = { clusterset: '', roots: [] }

export class TrustStore {
  readonly #logger: Logger
  readonly #count: (labels?: Labels) => void
  readonly #reader = new StatementReader()
  readonly #anchors = new Snapshot<TrustAnchors>(NOBODY)
  readonly #newest = new Snapshot<SignedStatement | undefined>(undefined)
  readonly #standing = new Snapshot<Standing>(NOBODY_GONE)
  /** When the newest certificate began that a cluster has shown: a revoked one was invited again if that is later. Oldest first. */
  readonly #shown = new Map<string, number>()
  #own: Own | undefined
  #left = false
  #statement: TrustStatement | undefined
  #lastFailure = ''

  constructor({ logger, metrics }: { readonly logger: Logger; readonly metrics?: Metrics | undefined }) {
    this.#logger = logger
    this.#count =
      metrics?.counter(
        'fairlead_trust_statements_refused_total',
        'Trust statements of peers that no root signed that is trusted here',
      ) ?? (() => {})
    metrics?.observe(
      'fairlead_trust_statement_version',
      'Version of the trust statement in force here; 0 for none',
      () => this.#statement?.version ?? 0,
    )
  }

  /** For whoever checks chains. Another object whenever anything in it changes. Trusts nobody before `setOwn`. */
  get anchors(): SnapshotSource<TrustAnchors> {
    return this.#anchors
  }

  /** The statement in force, as it was signed; undefined before the first. */
  get newest(): SnapshotSource<SignedStatement | undefined> {
    return this.#newest
  }

  /** What the statement in force says. */
  get statement(): TrustStatement | undefined {
    return this.#statement
  }

  /** Who was revoked and has not come back since. Another object whenever it changes. */
  get standing(): SnapshotSource<Standing> {
    return this.#standing
  }

  /** All trusted roots, PEM. */
  get bundle(): string {
    return this.#anchors
      .current()
      .roots.map((root) => root.toString())
      .join('')
  }

  /** Who we are, and the roots we were given. Throws ChainError when a certificate cannot be read. */
  setOwn(identity: PeerIdentity, certificate: string, authority: string): void {
    const roots = readCertificates(authority)
    this.#own = { identity, since: chainSince(readCertificates(certificate), roots), roots }
    this.#changed()
  }

  /** A statement that was stored beside the roots: whoever could change one could change the other. Throws SignatureError. */
  load(text: string): Offer {
    const signed = this.#reader.decode(text)
    const { clusterset, roots } = this.#anchors.current()
    return this.#take(
      signed,
      this.#reader.read(signed, { clusterset, roots: [...roots, ...this.#reader.rootsOf(signed)] }),
    )
  }

  /** A statement of a peer. */
  offer(signed: SignedStatement): Offer {
    if (signed.statement === this.#newest.current()?.statement) return 'known'
    if (this.#own === undefined) return 'refused'
    try {
      if (JSON.stringify(signed).length > MAX_TRUST_MESSAGE) throw new RangeError('it is too long to pass on')
      return this.#take(signed, this.#reader.read(signed, this.#anchors.current()))
    } catch (error) {
      this.#count()
      this.#reportOnce(describeError(error))
      return 'refused'
    }
  }

  /** Who a chain speaks for. Throws ChainError when it does not hold now (milliseconds since 1970). */
  admit(chain: readonly X509Certificate[], now: number): VerifiedChain {
    const verified = this.verify(chain, now)
    const { identity, since } = verified
    if (this.isVoid({ ...identity, since })) throw new ChainError('revoked', this.whyParted(identity.cluster))
    return verified
  }

  /** The same, whether it was revoked or not: for whoever looks at that next. */
  verify(chain: readonly X509Certificate[], now: number): VerifiedChain {
    const { revokedAt: _, ...believed } = this.#anchors.current()
    const verified = verifyChain(chain, believed, now)
    this.witness(verified)
    return verified
  }

  /** Our own cluster has left, or is a member again: nothing is shared with others while it has. */
  setLeft(left: boolean): void {
    if (left === this.#left) return
    this.#left = left
    this.#changed()
  }

  /** A chain that was found to hold elsewhere: a revoked cluster that shows a newer one was invited again. */
  witness({ identity: { cluster }, since }: VerifiedChain): void {
    if (since <= (this.#shown.get(cluster) ?? 0)) return
    this.#shown.delete(cluster)
    this.#shown.set(cluster, since)
    const [oldest] = this.#shown.keys()
    if (this.#shown.size > MAX_ORIGINS && oldest !== undefined) this.#shown.delete(oldest)
    if (this.#revokedAt(cluster) !== undefined) this.#judge()
  }

  /** Whether a peer that was admitted would not be any more: it was revoked since, or we were. */
  isVoid({ cluster, since }: Shown): boolean {
    if (since <= (this.#revokedFor(cluster) ?? -1)) return true
    return cluster !== this.#own?.identity.cluster && this.#standing.current().isSelfGone
  }

  /** Whether the statement in force is why a peer is not admitted: it names the peer, or us. */
  isStated({ cluster, since }: Shown): boolean {
    return this.#isSelfRevoked || since <= (this.#revokedFor(cluster) ?? -1)
  }

  /** Why nothing is shared with a cluster that is not admitted, for people. */
  whyParted(cluster: string): string {
    const { isSelfGone } = this.#standing.current()
    if (isSelfGone && !this.#isSelfRevoked) return 'this cluster has left its clusterset'
    const subject = isSelfGone ? (this.#own?.identity.cluster ?? '') : cluster
    const why = revocationText(this.#statement, subject)
    return isSelfGone ? `${why}, and that is this cluster` : why
  }

  #take(signed: SignedStatement, statement: TrustStatement): Offer {
    if (statement.version <= (this.#statement?.version ?? 0)) return 'known'
    this.#statement = statement
    this.#logger.info(
      { version: statement.version, revoked: statement.revoked.map(({ cluster }) => cluster) },
      'trust statement taken',
    )
    // Peers are told before those who were revoked are sent away.
    this.#newest.set(signed)
    this.#changed()
    return 'newer'
  }

  #changed(): void {
    if (this.#own === undefined) return
    const { identity, roots } = this.#own
    const stated = this.#statement === undefined ? [] : anchorsOf(this.#statement).roots
    const more = stated.filter((root) => !roots.some((given) => given.raw.equals(root.raw)))
    this.#judge()
    this.#anchors.set({
      clusterset: identity.clusterset,
      roots: [...roots, ...more],
      revokedAt: (cluster) => this.#revokedFor(cluster),
    })
  }

  /** A cluster that was revoked itself goes on with its own processes, until it is invited again. */
  #revokedFor(cluster: string): number | undefined {
    const at = this.#revokedAt(cluster)
    const own = this.#own
    return at !== undefined && cluster === own?.identity.cluster && own.since <= at ? undefined : at
  }

  get #isSelfRevoked(): boolean {
    const own = this.#own
    return own !== undefined && own.since <= (this.#revokedAt(own.identity.cluster) ?? -1)
  }

  #revokedAt(cluster: string): number | undefined {
    return revocationTime(this.#statement?.revoked, cluster)
  }

  #judge(): void {
    const stated = standingOf(this.#statement?.revoked ?? [], this.#shown, this.#own)
    const next = this.#left ? new Standing(stated.gone, true) : stated
    if (!next.equals(this.#standing.current())) this.#standing.set(next)
  }

  #reportOnce(failure: string): void {
    if (failure === this.#lastFailure) return
    this.#lastFailure = failure
    this.#logger.warn({ error: failure }, 'trust statement refused')
  }
}
