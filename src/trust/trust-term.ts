/**
 * What the leading controller does for the cluster's certificates: founds where that is asked for, issues and renews,
 * carries a new root through, and says how it stands. Everything is looked at again whenever something changed or is due.
 */
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
import type { AuthorityIdentity } from '../pki/identity.ts'
import { StatementReader } from '../pki/trust-statement.ts'
import {
  authorityMaterial,
  authorityOwner,
  type ClusterAuthority,
  checkAuthority,
} from './authority-secret.ts'
import { TrustError } from './errors.ts'
import { Founder } from './founder.ts'
import { LeafKeeper } from './leaf-keeper.ts'
import { TRUST_BACKOFF } from './limits.ts'
import { MemberRenewal } from './member-renewal.ts'
import { nextLook } from './next-look.ts'
import { RenewalOffice } from './renewal-office.ts'
import type { SecretObject } from './secrets.ts'
import type { StatementExchange } from './statement-exchange.ts'
import { TrustObject } from './trust-object.ts'
import { type TrustSettings, trustSettings } from './trust-settings.ts'
import { type SecretBoxes, secretBoxes, type TrustClient, type TrustStores } from './trust-stores.ts'
import type { MemberTrust, TrustView } from './trust-view.ts'

export interface TrustTermDeps {
  readonly client: TrustClient
  readonly stores: TrustStores
  readonly properties: Store<ClusterProperty>
  readonly directory: SnapshotSource<Directory>
  readonly exchange: StatementExchange
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
  #office: RenewalOffice | undefined
  #unfollow: (() => void)[] = []
  #cancelNext: Cancel = () => {}

  constructor(deps: TrustTermDeps, { namespace, globalnet }: TrustTermConfig) {
    const { client, stores, clock, exchange } = deps
    this.#deps = deps
    this.#secrets = secretBoxes({ client, clock }, stores, namespace)
    this.#object = new TrustObject(deps, namespace)
    const tell = (reason: string, note: string) => this.#object.tell(reason, note)
    const shared = { secrets: this.#secrets, reader: this.#reader, exchange, clock, tell }
    this.#founder = new Founder({ ...shared, registry: { client, clock, namespace } })
    this.#member = new MemberRenewal({ ...shared, authority: this.#secrets.authority })
    this.#leaves = new LeafKeeper(shared, { globalnet })
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
    const { directory, exchange } = this.#deps
    const look = () => this.#reconciler.enqueue(TRUST)
    this.#unfollow = [
      directory.subscribe((next, previous) => trustDiffers(next, previous) && look()),
      exchange.newest.subscribe(look),
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
      return { kind: 'broken', identity: this.#identity(), why: describeError(error) }
    }
  }

  /** Puts the certificates right, as far as this cluster can. */
  async #put(trust: Trust | undefined): Promise<TrustView> {
    const settings = trustSettings(trust?.spec)
    if (settings.found && trust !== undefined) return await this.#found(trust, settings)
    const secret = this.#secrets.authority.current
    if (secret === undefined) {
      this.#tellFacts({})
      return { kind: 'none', identity: this.#identity() }
    }
    return await this.#follow(secret, settings)
  }

  async #found(trust: Trust, settings: TrustSettings): Promise<TrustView> {
    const identity = this.#identity()
    if (identity === undefined)
      throw new TrustError(
        `Trust ${TRUST} is to found a clusterset: the ClusterProperties ${ClusterPropertyName.clusterId} and ${ClusterPropertyName.clusterset} must say which`,
      )
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
    const told = (facts: ClusterFacts | undefined) => [facts?.trust, facts?.renewal, facts?.renewed]
    if (!sameValue(told(now), told(before))) return true
  }
  return false
}
