/**
 * What the cluster that holds the root signs and shows: its root and its authority out of their Secrets, and a leaf for the
 * redemption port that is made in memory and made anew in time. Every replica has its own.
 */
import { X509Certificate } from 'node:crypto'
import { TRUST, TrustSecret } from '../../api/trust.ts'
import type { Cancel, Clock } from '../../core/clock.ts'
import { describeError } from '../../core/errors.ts'
import type { Startable } from '../../core/lifecycle.ts'
import type { Logger } from '../../core/log.ts'
import { Snapshot, type SnapshotSource } from '../../core/snapshot.ts'
import { rootHash } from '../../pki/cluster-authority.ts'
import { issueLeaf } from '../../pki/clusterset-root.ts'
import { Role } from '../../pki/identity.ts'
import { type SignedStatement, StatementReader } from '../../pki/trust-statement.ts'
import { authorityMaterial, type ClusterAuthority, checkAuthority } from '../authority-secret.ts'
import { TrustError } from '../errors.ts'
import { type RootKeys, readRoot, rootsOf } from '../root-secret.ts'
import { trustSettings } from '../trust-settings.ts'
import type { TrustStores } from '../trust-stores.ts'
import type { Inviter } from './invite-reconciler.ts'
import { PORT_LEAF_DAYS, PORT_LEAF_RENEW_MS } from './limits.ts'
import type { Founder } from './redeemer.ts'
import type { PortCredentials } from './redemption-server.ts'

export interface FounderKeysDeps {
  readonly stores: Pick<TrustStores, 'root' | 'authority' | 'trusts'>
  readonly clock: Clock
  readonly log: Logger
}

interface Held {
  readonly founder: Omit<Founder, 'authorityDays'>
  readonly inviter: Inviter
  readonly credentials: PortCredentials
}

/** Holds nothing where the root is not, or cannot be used. */
export class FounderKeys implements Startable {
  readonly #deps: FounderKeysDeps
  readonly #namespace: string
  readonly #statements = new StatementReader()
  readonly #credentials = new Snapshot<PortCredentials | undefined>(undefined)
  #held: Held | undefined
  #unfollow: (() => void)[] = []
  #cancel: Cancel = () => {}
  #changing: Promise<void> = Promise.resolve()
  #lastFailure = ''

  /** `namespace` is the system's. */
  constructor(deps: FounderKeysDeps, namespace: string) {
    this.#namespace = namespace
    this.#deps = { ...deps, log: deps.log.child({ component: 'founder' }) }
  }

  /** Changes whenever anything that is held does. */
  get credentials(): SnapshotSource<PortCredentials | undefined> {
    return this.#credentials
  }

  get inviter(): Inviter | undefined {
    return this.#held?.inviter
  }

  founder(): Founder | undefined {
    if (this.#held === undefined) return undefined
    const trust = this.#deps.stores.trusts.get({ namespace: this.#namespace, name: TRUST })
    return { ...this.#held.founder, authorityDays: trustSettings(trust?.spec).authorityTtl / DAY_MS }
  }

  async start(): Promise<void> {
    const { stores, clock } = this.#deps
    this.#unfollow = [stores.root, stores.authority].map((store) => store.subscribe(() => this.#refresh()))
    this.#cancel = clock.every(PORT_LEAF_RENEW_MS, () => this.#refresh())
    this.#refresh()
    await this.#changing
  }

  async stop(): Promise<void> {
    this.#cancel()
    for (const unfollow of this.#unfollow) unfollow()
    this.#unfollow = []
    await this.#changing
  }

  #refresh(): void {
    this.#changing = this.#changing
      .then(() => this.#hold())
      .then((held) => this.#take(held))
      .catch((error: unknown) => this.#failed(error))
  }

  #take(held: Held | undefined): void {
    const had = this.#held !== undefined
    this.#held = held
    if (had || held !== undefined) this.#credentials.set(held?.credentials)
    this.#lastFailure = ''
  }

  #failed(error: unknown): void {
    this.#take(undefined)
    const failure = describeError(error)
    if (failure === this.#lastFailure) return
    this.#lastFailure = failure
    this.#deps.log.warn({ error: failure }, 'nobody can be invited')
  }

  async #hold(): Promise<Held | undefined> {
    const { clock, stores } = this.#deps
    const namespace = this.#namespace
    const root = stores.root.get({ namespace, name: TrustSecret.root })
    const authority = stores.authority.get({ namespace, name: TrustSecret.authority })
    if (root === undefined || authority === undefined) return undefined
    const keys = readRoot(root)
    const own = checkAuthority(authorityMaterial(authority), this.#statements, clock.now())
    const { cluster, clusterset } = own.identity
    const shownRoot = own.root.toString()
    const leaf = await issueLeaf(
      { certPem: own.material.certificate, keyPem: own.material.key },
      { ...own.identity, role: Role.controller, dnsNames: ['fairlead-join'], days: PORT_LEAF_DAYS },
      clock.now(),
    )
    return {
      founder: { cluster, clusterset, ...this.#signing(keys, own) },
      inviter: { cluster, clusterset, caHash: rootHash(shownRoot) },
      credentials: {
        certificate: [leaf.certPem, own.certificate.toString(), shownRoot].join(''),
        key: leaf.keyPem,
      },
    }
  }

  /** Roots that are trusted here are trusted by who comes: the one that the port shows among them. */
  #signing(keys: RootKeys, own: ClusterAuthority): Pick<Founder, 'root' | 'roots' | 'statement'> {
    const known = [...rootsOf(keys).map(({ certPem }) => certPem), ...own.anchors.roots.map(String)]
    const roots = [...new Map(known.map((pem) => [rootHash(pem), pem])).values()]
    if (!roots.some((pem) => new X509Certificate(pem).raw.equals(own.root.raw)))
      throw new TrustError('the authority of this cluster is of another root than Secret fairlead-root')
    const { statement } = own.material
    const signed: SignedStatement | undefined =
      statement === undefined ? undefined : this.#statements.decode(statement)
    return { root: keys.active, roots, statement: signed }
  }
}

const DAY_MS = 86_400_000
