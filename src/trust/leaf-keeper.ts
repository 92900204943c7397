/**
 * Keeps the Secrets that routers and agents read their certificates from.
 */
import type { X509Certificate } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import { readCertificates } from '../pki/chain.ts'
import type { ClusterAuthority } from './authority-secret.ts'
import { issueLeafFiles, type LeafRole, leafLifetime, leafState, leafValues, trustValues } from './leaves.ts'
import type { Lifetime } from './lifetime.ts'
import { rotationMark } from './secrets.ts'
import type { TrustSettings } from './trust-settings.ts'
import type { SecretBox, SecretBoxes } from './trust-stores.ts'

export interface LeafView {
  readonly role: LeafRole
  readonly certificate: X509Certificate
  readonly lifetime: Lifetime
}

export interface LeafKeeperDeps {
  readonly secrets: Pick<SecretBoxes, 'routerLeaf' | 'agentLeaf'>
  readonly clock: Pick<Clock, 'now'>
  readonly tell: (reason: string, note: string) => void
}

export class LeafKeeper {
  readonly #deps: LeafKeeperDeps
  readonly #roles: readonly LeafRole[]

  /** Agents are there with globalnet only. */
  constructor(deps: LeafKeeperDeps, { globalnet }: { readonly globalnet: boolean }) {
    this.#deps = deps
    this.#roles = globalnet ? ['router', 'agent'] : ['router']
  }

  /** Writes what is not as it should be. */
  async look(authority: ClusterAuthority, settings: TrustSettings): Promise<LeafView[]> {
    return await Promise.all(this.#roles.map((role) => this.#keep(role, authority, settings)))
  }

  async #keep(role: LeafRole, authority: ClusterAuthority, settings: TrustSettings): Promise<LeafView> {
    const box = this.#box(role)
    const wishes = { ttl: settings.leafTtl, rotation: settings.rotate.leaves }
    const state = leafState(box.current, authority, role, wishes, this.#deps.clock.now())
    if (state.kind === 'issue') return await this.#issue(role, authority, settings, state.why)
    if (state.kind === 'refresh') await box.write(trustValues(authority))
    return { role, certificate: state.certificate, lifetime: state.lifetime }
  }

  async #issue(
    role: LeafRole,
    authority: ClusterAuthority,
    { leafTtl, rotate }: TrustSettings,
    why: string,
  ): Promise<LeafView> {
    const files = await issueLeafFiles(authority, role, leafTtl, this.#deps.clock.now())
    await this.#box(role).write(leafValues(files), rotationMark(rotate.leaves))
    this.#deps.tell('CertificateIssued', `a new certificate for the ${role}: ${why}`)
    const [certificate] = readCertificates(files.certificate) as [X509Certificate]
    return { role, certificate, lifetime: leafLifetime(certificate, authority, leafTtl) }
  }

  #box(role: LeafRole): SecretBox {
    return role === 'router' ? this.#deps.secrets.routerLeaf : this.#deps.secrets.agentLeaf
  }
}
