/**
 * What the leading controller does for the cluster's certificates: founds where that is asked for, issues and renews,
 * carries a new root through, and says how it stands. Everything is looked at again whenever something changed or is due.
 */
import { X509Certificate } from 'node:crypto'
import type { ClusterProperty } from '../api/mcs.ts'
import { ClusterPropertyName } from '../api/names.ts'
import type { ClusterFacts, Directory, TrustFacts } from '../api/service-record.ts'
import { OFFLINE_ROOT, ROOT_ANNOTATION, TRUST, type Trust } from '../api/trust.ts'
import type { Cancel, Clock } from '../core/clock.ts'
import { sameValue } from '../core/compare.ts'
import { describeError } from '../core/errors.ts'
import type { Startable } from '../core/lifecycle.ts'
import type { Logger } from '../core/log.ts'
import type { Snapshot, SnapshotSource } from '../core/snapshot.ts'
import type { EventRecorder } from '../kube/events.ts'
import { Reconciler, source } from '../kube/reconciler.ts'
import type { Store } from '../kube/types.ts'
import { certificateSha256 } from '../pki/chain.ts'
import { ChainError } from '../pki/errors.ts'
import type { AuthorityIdentity } from '../pki/identity.ts'
import { type SignedStatement, StatementReader } from '../pki/trust-statement.ts'
import { orUndefined } from './attempt.ts'
import {
  authorityMaterial,
  authorityOwner,
  type ClusterAuthority,
  checkAuthority,
} from './authority-secret.ts'
import { TrustError } from './errors.ts'
import { Founder } from './founder.ts'
import { LeafKeeper } from './leaf-keeper.ts'
import { hasLeft, Leaver } from './leaver.ts'
import { TRUST_BACKOFF } from './limits.ts'
import { MemberRenewal } from './member-renewal.ts'
import { nextLook } from './next-look.ts'
import { RenewalOffice } from './renewal-office.ts'
import { leftMembers, revokeCluster } from './revocations.ts'
import type { SecretObject } from './secrets.ts'
import { TrustObject } from './trust-object.ts'
import { type TrustSettings, trustSettings } from './trust-settings.ts'
import { type SecretBoxes, secretBoxes, type TrustClient, type TrustStores } from './trust-stores.ts'
import type { MemberTrust, TrustView } from './trust-view.ts'

export interface TrustTermDeps {
  readonly client: TrustClient
  readonly stores: TrustStores
  readonly properties: Store<ClusterProperty>
  readonly directory: SnapshotSource<Directory>
  /** The newest statement that other clusters have told, by whichever way. */
  readonly told: SnapshotSource<SignedStatement | undefined>
  readonly events: Pick<EventRecorder, 'record'>
  readonly clock: Clock
  readonly log: Logger
  /** Told what others are to be told. */
  readonly facts: Snapshot<TrustFacts>
}

export interface TrustTermConfig {
  readonly namespace: string
  readonly globalnet: boolean
}

export class TrustTerm implements Startable {
  readonly #deps: TrustTermDeps
  readonly #reader = new StatementReader()
  readonly #secrets: SecretBoxes
  readonly #object: TrustObject
  readonly #founder: Founder
  readonly #member: MemberRenewal
  readonly #leaves: LeafKeeper
  readonly #reconciler: Reconciler
  readonly #leaver: Leaver
  #office: RenewalOffice | undefined
  #unfollow: (() => void)[] = []
  #cancelNext: Cancel = () => {}

  constructor(deps: TrustTermDeps, { namespace, globalnet }: TrustTermConfig) {
    const { client, stores, clock, told } = deps
    this.#deps = deps
    this.#secrets = secretBoxes({ client, clock }, stores, namespace)
    this.#object = new TrustObject(deps, namespace)
    const tell = (reason: string, note: string) => this.#object.tell(reason, note)
    const shared = { secrets: this.#secrets, reader: this.#reader, told, clock, tell }
    this.#founder = new Founder({ ...shared, registry: { client, clock, namespace } })
    this.#member = new MemberRenewal({ ...shared, authority: this.#secrets.authority })
    this.#leaves = new LeafKeeper(shared, { globalnet })
    this.#leaver = new Leaver({ client, clock, tell }, namespace)
    this.#reconciler = new Reconciler(
      { clock, log: deps.log.child({ component: 'trust' }) },
      {
        concurrency: 1,
        backoff: TRUST_BACKOFF,
        sources: [
          source(stores.trusts, () => [TRUST]),
          source(deps.properties, () => [TRUST]),
          ...[stores.root, stores.authority, stores.routerLeaf, stores.agentLeaf].map((store) =>
            source(store, () => [TRUST]),
          ),
        ],
        reconcile: () => this.#look(),
      },
    )
  }

  async start(): Promise<void> {
    const { directory, told } = this.#deps
    const look = () => this.#reconciler.enqueue(TRUST)
    this.#unfollow = [
      directory.subscribe((next, previous) => trustDiffers(next, previous) && look()),
      told.subscribe(look),
      () => this.#cancelNext(),
    ]
    await this.#reconciler.start()
    look()
  }

  async stop(): Promise<void> {
    for (const unfollow of this.#unfollow) unfollow()
    this.#unfollow = []
    await this.#reconciler.stop()
    this.#cancelNext()
  }

  async #look(): Promise<void> {
    const { clock } = this.#deps
    // Once: all that is decided in between, which takes a while, is decided about this.
    for (const box of Object.values(this.#secrets)) box.look()
    const trust = await this.#object.present(this.#secrets.authority.current !== undefined)
    const view = await this.#view(trust)
    await this.#object.report(view)
    this.#cancelNext()
    this.#cancelNext = clock.after(nextLook(view, clock.now()), () => this.#reconciler.enqueue(TRUST))
  }

  async #view(trust: Trust | undefined): Promise<TrustView> {
    try {
      return await this.#put(trust)
    } catch (error) {
      if (!(error instanceof TrustError)) throw error
      this.#deps.log.warn({ error: describeError(error) }, 'certificates cannot be used')
      const hasEnded = error.cause instanceof ChainError && error.cause.fault === 'expired'
      return { kind: 'broken', identity: this.#identity(), why: error.message, hasEnded }
    }
  }

  /** Puts the certificates right, as far as this cluster can. */
  async #put(trust: Trust | undefined): Promise<TrustView> {
    const settings = trustSettings(trust?.spec)
    if (settings.found && trust !== undefined) return await this.#found(trust, settings)
    const secret = this.#secrets.authority.current
    if (settings.leave && trust !== undefined && (secret === undefined || !hasLeft(trust)))
      return await this.#leave(secret)
    if (settings.leave) await this.#leaver.stay()
    this.#leaver.reset()
    if (secret === undefined) {
      this.#tellFacts({})
      return { kind: 'none', identity: this.#identity() }
    }
    return await this.#follow(secret, settings)
  }

  /** Told as long as the Trust says that the cluster leaves, so that nothing of the clusterset is remembered meanwhile. */
  async #leave(secret: SecretObject | undefined): Promise<TrustView> {
    this.#tellFacts({ left: this.#leftBy(secret) })
    const identity = this.#identity()
    const leftMs = secret === undefined ? undefined : await this.#leaver.look()
    return leftMs === undefined ? { kind: 'left', identity } : { kind: 'leaving', identity, leftMs }
  }

  /** When the authority began that the cluster leaves with; as it was told before, once that is deleted. */
  #leftBy(secret: SecretObject | undefined): number {
    const told = this.#deps.facts.current().left ?? 0
    if (secret === undefined) return told
    const { certificate } = authorityMaterial(secret)
    return orUndefined(() => new X509Certificate(certificate).validFromDate.getTime()) ?? told
  }

  /** Who has left is revoked: its keys may be anywhere. */
  async #revokeLeft(trust: Trust): Promise<void> {
    const { client, clock, directory } = this.#deps
    for (const { cluster } of leftMembers(trust, directory.current(), clock.now())) {
      const at = new Date(clock.now()).toISOString()
      await revokeCluster({ client, namespace: this.#object.namespace }, cluster, at)
      this.#object.tell('ClusterLeft', `cluster ${cluster} has left, and is revoked`)
    }
  }

  async #found(trust: Trust, settings: TrustSettings): Promise<TrustView> {
    const identity = this.#identity()
    if (identity === undefined)
      throw new TrustError(
        `Trust ${TRUST} is to found a clusterset: the ClusterProperties ${ClusterPropertyName.clusterId} and ${ClusterPropertyName.clusterset} must say which`,
      )
    await this.#revokeLeft(trust)
    const directory = this.#deps.directory.current()
    const root = await this.#founder.look({ trust, settings, identity, directory })
    const leaves = await this.#leaves.look(root.authority, settings)
    const input = { trust, settings, identity, directory, keys: root.keys }
    const renewed = await this.#officeOf(identity).look(input)
    this.#tellFacts({ ...trustFact(root.authority), ...(renewed.length === 0 ? {} : { renewed }) })
    return { kind: 'member', authority: root.authority, leaves, root, isOffline: false }
  }

  async #follow(secret: SecretObject, settings: TrustSettings): Promise<MemberTrust> {
    const now = this.#deps.clock.now()
    const material = authorityMaterial(secret)
    const wanted = this.#identity() ?? authorityOwner(material)
    const isOffline = secret.metadata.annotations?.[ROOT_ANNOTATION] === OFFLINE_ROOT
    const directory = this.#deps.directory.current()
    const present = checkAuthority(material, this.#reader, now, wanted)
    const member = await this.#member.look({ authority: present, settings, directory, isOffline, now })
    const leaves = await this.#leaves.look(member.authority, settings)
    const { authority, due, renewal } = member
    this.#tellFacts({ ...trustFact(authority), ...(renewal === undefined ? {} : { renewal }) })
    return { kind: 'member', authority, leaves, due, isOffline }
  }

  #identity(): AuthorityIdentity | undefined {
    const { properties } = this.#deps
    const cluster = properties.get({ name: ClusterPropertyName.clusterId })?.spec.value
    const clusterset = properties.get({ name: ClusterPropertyName.clusterset })?.spec.value
    return cluster === undefined || clusterset === undefined ? undefined : { cluster, clusterset }
  }

  #officeOf({ cluster }: AuthorityIdentity): RenewalOffice {
    const { client, clock, log } = this.#deps
    const registry = { client, clock, namespace: this.#object.namespace }
    const tell = (reason: string, note: string) => this.#object.tell(reason, note)
    this.#office ??= new RenewalOffice({ registry, clock, log, tell }, cluster)
    return this.#office
  }

  #tellFacts(next: TrustFacts): void {
    if (!sameValue(next, this.#deps.facts.current())) this.#deps.facts.set(next)
  }
}

function trustFact({ statement, root }: ClusterAuthority): TrustFacts {
  return { trust: { version: statement?.version ?? 0, root: certificateSha256(root) } }
}

/** Whether any cluster tells something else about its certificates. */
function trustDiffers(next: Directory, previous: Directory): boolean {
  for (const cluster of new Set([...next.keys(), ...previous.keys()])) {
    const [now, before] = [next.get(cluster)?.facts, previous.get(cluster)?.facts]
    if (now === before) continue
    const told = (facts: ClusterFacts | undefined) => [
      facts?.trust,
      facts?.renewal,
      facts?.renewed,
      facts?.left,
    ]
    if (!sameValue(told(now), told(before))) return true
  }
  return false
}
