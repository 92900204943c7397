/**
 * The certificate of a controller: each replica makes its own from the cluster's authority, in memory, and renews it.
 */
import type { X509Certificate } from 'node:crypto'
import { TRUST, type Trust, TrustSecret } from '../api/trust.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Store } from '../kube/types.ts'
import type { CredentialFiles, CredentialSource } from '../link/credential-source.ts'
import { readCertificates } from '../pki/chain.ts'
import { Role } from '../pki/identity.ts'
import { StatementReader } from '../pki/trust-statement.ts'
import { authorityMaterial, type ClusterAuthority, checkAuthority } from './authority-secret.ts'
import { issueLeafFiles, leafLifetime } from './leaves.ts'
import { LOOK_AFTER_MS, LOOK_EVERY_MS } from './limits.ts'
import type { SecretObject } from './secrets.ts'
import { trustSettings } from './trust-settings.ts'

export interface ControllerCredentialsDeps {
  readonly stores: { readonly authority: Store<SecretObject>; readonly trusts: Store<Trust> }
  readonly clock: Clock
}

interface Issued {
  readonly files: CredentialFiles
  /** What it was made from: another needs another leaf. */
  readonly madeFrom: string
  /** Milliseconds since 1970. */
  readonly renewAt: number
  readonly ends: number
}

export class ControllerCredentials implements CredentialSource, Startable {
  readonly name = `the authority in Secret ${TrustSecret.authority}`
  readonly waits = true
  readonly #deps: ControllerCredentialsDeps
  readonly #namespace: string
  readonly #reader = new StatementReader()
  readonly #hints = new Set<() => void>()
  #issued: Issued | undefined
  #cancelNext: Cancel = () => {}
  #unfollow: (() => void)[] = []

  /** `namespace` is the system's. */
  constructor(deps: ControllerCredentialsDeps, namespace: string) {
    this.#deps = deps
    this.#namespace = namespace
  }

  /** When our certificate ends, milliseconds since 1970; undefined while there is none. */
  get ends(): number | undefined {
    return this.#issued?.ends
  }

  async start(): Promise<void> {
    const { authority, trusts } = this.#deps.stores
    this.#unfollow = [authority, trusts].map((store) => store.subscribe(() => this.#hint()))
  }

  async stop(): Promise<void> {
    this.#cancelNext()
    for (const unfollow of this.#unfollow) unfollow()
    this.#unfollow = []
  }

  /** What was made last goes on while the authority cannot be read. */
  async read(): Promise<CredentialFiles | undefined> {
    const secret = this.#deps.stores.authority.get({
      namespace: this.#namespace,
      name: TrustSecret.authority,
    })
    if (secret === undefined) return this.#issued?.files
    const authority = checkAuthority(authorityMaterial(secret), this.#reader, this.#deps.clock.now())
    return await this.#current(authority)
  }

  subscribe(hint: () => void): () => void {
    this.#hints.add(hint)
    return () => this.#hints.delete(hint)
  }

  async #current(authority: ClusterAuthority): Promise<CredentialFiles> {
    const { clock } = this.#deps
    const trust = this.#deps.stores.trusts.get({ namespace: this.#namespace, name: TRUST })
    const { leafTtl, rotate } = trustSettings(trust?.spec)
    const madeFrom = `${rotate.leaves} ${leafTtl} ${authority.material.certificate}`
    const present = this.#issued
    if (present === undefined || present.madeFrom !== madeFrom || clock.now() >= present.renewAt)
      this.#issued = await issue(authority, madeFrom, leafTtl, clock.now())
    return this.#besides(authority)
  }

  /** The leaf, with what is to be trusted now. */
  #besides({ material }: ClusterAuthority): CredentialFiles {
    const { files, renewAt } = this.#issued as Issued
    this.#lookAgainAt(renewAt)
    const { trust: _, ...leaf } = files
    return {
      ...leaf,
      authority: material.roots,
      ...(material.statement === undefined ? {} : { trust: material.statement }),
    }
  }

  #lookAgainAt(moment: number): void {
    const { clock } = this.#deps
    this.#cancelNext()
    const wait = Math.min(LOOK_EVERY_MS, Math.max(LOOK_AFTER_MS, moment - clock.now()))
    this.#cancelNext = clock.after(wait, () => this.#hint())
  }

  #hint(): void {
    for (const hint of [...this.#hints]) hint()
  }
}

async function issue(
  authority: ClusterAuthority,
  madeFrom: string,
  ttl: number,
  now: number,
): Promise<Issued> {
  const files = await issueLeafFiles(authority, Role.controller, ttl, now)
  const [leaf] = readCertificates(files.certificate) as [X509Certificate]
  const { renewAt, ends } = leafLifetime(leaf, authority, ttl)
  return { files, madeFrom, renewAt, ends }
}
