/**
 * What the cluster that founded a clusterset does for all: says whom to trust, and keeps its own authority.
 */
import { X509Certificate } from 'node:crypto'
import type { Directory } from '../api/service-record.ts'
import { type Trust, TrustKey } from '../api/trust.ts'
import type { Clock } from '../core/clock.ts'
import type { SnapshotSource } from '../core/snapshot.ts'
import { readCertificates } from '../pki/chain.ts'
import type { AuthorityIdentity } from '../pki/identity.ts'
import { type SignedStatement, type StatementReader, signStatement } from '../pki/trust-statement.ts'
import { orUndefined } from './attempt.ts'
import { authorityDue } from './authority-due.ts'
import {
  type AuthorityMaterial,
  authorityMaterial,
  authorityValues,
  type ClusterAuthority,
  checkAuthority,
} from './authority-secret.ts'
import { bundleOf, foundAuthority } from './founding.ts'
import { liveMembers, memberOf, type RegistryDeps, registerMember } from './members.ts'
import { type KnownStatement, newestStatement } from './newest-statement.ts'
import { RootKeeper, type RootView } from './root-keeper.ts'
import { rootsOf } from './root-secret.ts'
import { rotationMark, rotationOf, secretText } from './secrets.ts'
import { nextStatement, pruneRevocations, withReadmissions } from './statement-maker.ts'
import type { TrustSettings } from './trust-settings.ts'
import type { SecretBoxes } from './trust-stores.ts'

export interface FounderDeps {
  readonly secrets: SecretBoxes
  readonly registry: RegistryDeps
  /** The newest statement that other clusters have told, by whichever way. */
  readonly told: SnapshotSource<SignedStatement | undefined>
  readonly reader: StatementReader
  readonly clock: Pick<Clock, 'now'>
  /** Told what was done, for people. */
  readonly tell: (reason: string, note: string) => void
}

export interface FounderInput {
  readonly trust: Trust
  readonly settings: TrustSettings
  readonly identity: AuthorityIdentity
  readonly directory: Directory
}

export interface FounderView extends RootView {
  readonly authority: ClusterAuthority
}

export class Founder {
  readonly #deps: FounderDeps
  readonly #roots: RootKeeper

  constructor(deps: FounderDeps) {
    this.#deps = deps
    this.#roots = new RootKeeper(deps.secrets)
  }

  /** Puts everything right, in an order in which each is recorded before anybody relies on it. */
  async look(input: FounderInput): Promise<FounderView> {
    const { settings, identity, trust, directory } = input
    const now = this.#deps.clock.now()
    const said = this.#said(identity.clusterset)
    const members = liveMembers(trust, now)
    const statement = said?.said
    const root = await this.#roots.look({ settings, identity, statement, members, directory, now })
    this.#tellStep(root)
    const signed = this.#statement(root, said, input, now)
    const authority = await this.#authority(root, signed, input, now)
    if (root.step.kind === 'retire') await this.#roots.retire(root)
    return { ...root, authority }
  }

  /** The newest statement that any place holds, and that one of our own roots signed. */
  #said(clusterset: string): KnownStatement | undefined {
    const { secrets, told, reader } = this.#deps
    const stored = [secrets.authority, secrets.routerLeaf, secrets.agentLeaf].map((box) => box.current)
    const texts = stored.map((secret) => secret && secretText(secret, TrustKey.statement))
    const roots = this.#ownRoots()
    return newestStatement([...texts, told.current()], { clusterset, roots }, reader)
  }

  /** Also those that a Secret's bundle names: a root that was made anew has signed nothing yet. */
  #ownRoots(): X509Certificate[] {
    const { root, authority } = this.#deps.secrets
    const texts = [
      ...[TrustKey.certificate, TrustKey.nextRoot, TrustKey.oldRoot].map(
        (key) => root.current && secretText(root.current, key),
      ),
      authority.current && secretText(authority.current, TrustKey.roots),
    ]
    return texts.flatMap((text) =>
      text === undefined ? [] : (orUndefined(() => readCertificates(text)) ?? []),
    )
  }

  #statement(
    root: RootView,
    known: KnownStatement | undefined,
    { settings, identity, trust }: FounderInput,
    now: number,
  ): SignedStatement {
    const others = settings.revoked.filter(({ cluster }) => cluster !== identity.cluster)
    const kept = pruneRevocations(others, { longestLife: root.longestLife, now })
    const revoked = withReadmissions(kept, trust.status?.members ?? [])
    const wanted = { clusterset: identity.clusterset, roots: root.trusted, revoked }
    const next = nextStatement(known?.said, wanted)
    if (next === undefined && known !== undefined) return known.signed
    return signStatement(next as NonNullable<typeof next>, rootsOf(root.keys))
  }

  async #authority(
    root: RootView,
    signed: SignedStatement,
    input: FounderInput,
    now: number,
  ): Promise<ClusterAuthority> {
    const { secrets } = this.#deps
    const trusted = { roots: bundleOf(root.trusted), statement: JSON.stringify(signed) }
    const good = await this.#good(root, trusted, input, now)
    if (good !== undefined) return good
    const material = await this.#issue(root, trusted, input, now)
    await secrets.authority.write(authorityValues(material), rotationMark(input.settings.rotate.authority))
    return checkAuthority(material, this.#deps.reader, now, input.identity)
  }

  /** The present one with what is to be trusted beside it; undefined when a new one is needed. */
  async #good(
    root: RootView,
    trusted: Pick<AuthorityMaterial, 'roots' | 'statement'>,
    { settings, identity, trust }: FounderInput,
    now: number,
  ): Promise<ClusterAuthority | undefined> {
    const { secrets, reader } = this.#deps
    const secret = secrets.authority.current
    const checked =
      secret &&
      orUndefined(() => checkAuthority({ ...authorityMaterial(secret), ...trusted }, reader, now, identity))
    if (secret === undefined || checked === undefined) return undefined
    const rotation = { wanted: settings.rotate.authority, done: rotationOf(secret) }
    const active = new X509Certificate(root.keys.active.certPem)
    if (authorityDue(checked, { root: active, rotation, now }) !== undefined) return undefined
    const member = memberOf(checked.certificate)
    const isKnown = trust.status?.members?.some(
      ({ cluster, serial }) => cluster === member.cluster && serial === member.serial,
    )
    if (!isKnown) await registerMember(this.#deps.registry, member, () => true)
    const { roots, statement } = authorityMaterial(secret)
    if (roots !== trusted.roots || statement !== trusted.statement)
      await secrets.authority.write(authorityValues(checked.material))
    return checked
  }

  async #issue(
    root: RootView,
    trusted: Pick<AuthorityMaterial, 'roots' | 'statement'>,
    { settings, identity }: FounderInput,
    now: number,
  ): Promise<AuthorityMaterial> {
    const { certPem, keyPem } = await foundAuthority(root.keys, identity, settings, now)
    await registerMember(this.#deps.registry, memberOf(new X509Certificate(certPem)), () => true)
    this.#deps.tell('AuthorityIssued', 'a new authority for this cluster')
    return { ...trusted, certificate: certPem, key: keyPem }
  }

  #tellStep({ step }: RootView): void {
    const notes = {
      begin: 'the next root is made, and told to all members',
      activate: 'the next root signs from now on',
      retire: 'the old root is trusted no longer',
    } as const
    if (step.kind in notes) this.#deps.tell('RootRotation', notes[step.kind as keyof typeof notes])
  }
}
