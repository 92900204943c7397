/**
 * The inviting side in one controller: the port that every replica serves, and what its leader does.
 */
import type { Invite } from '../../api/invite.ts'
import type { Service } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import type { Clock } from '../../core/clock.ts'
import type { Startable } from '../../core/lifecycle.ts'
import type { Logger } from '../../core/log.ts'
import type { Metrics } from '../../core/metrics.ts'
import { Snapshot } from '../../core/snapshot.ts'
import type { EventRecorder } from '../../kube/events.ts'
import { type Reflected, type ReflectorDeps, reflect } from '../../kube/reflector.ts'
import type { KubeClient, Store } from '../../kube/types.ts'
import type { TrustStores } from '../trust-stores.ts'
import { FounderKeys } from './founder-keys.ts'
import { InviteReconciler } from './invite-reconciler.ts'
import { OwnAddresses } from './own-addresses.ts'
import { Redeemer } from './redeemer.ts'
import { redemptionReport } from './redemption-report.ts'
import { type PortCredentials, RedemptionServer, type RedemptionServerConfig } from './redemption-server.ts'

export interface InvitingDeps {
  readonly client: Pick<KubeClient, 'get' | 'list' | 'create' | 'patch' | 'apply'> & ReflectorDeps['client']
  /** The Services of the namespace at least. */
  readonly services: Store<Service>
  readonly stores: Pick<TrustStores, 'root' | 'authority' | 'trusts'>
  readonly events: Pick<EventRecorder, 'record'>
  readonly metrics: Metrics
  readonly clock: Clock
  readonly log: Logger
}

/** Where the redemption port listens, and where everything else is. */
export interface InvitingConfig extends RedemptionServerConfig {
  readonly namespace: string
}

/** Runs in every replica. Where the root is not, nothing listens. */
export class Inviting implements Startable {
  readonly #deps: InvitingDeps
  readonly #config: InvitingConfig
  readonly #invites: Reflected<Invite>
  readonly #keys: FounderKeys
  readonly #server: RedemptionServer
  readonly #addresses: OwnAddresses
  /** Empty until the invites are known: an unknown code must not be one that was not read yet. */
  readonly #port = new Snapshot<PortCredentials | undefined>(undefined)
  readonly #stopping = new AbortController()
  #unfollow: () => void = () => {}
  #opening: Promise<void> = Promise.resolve()

  constructor(deps: InvitingDeps, config: InvitingConfig) {
    const { client, clock, log } = deps
    const { namespace, ...listening } = config
    this.#deps = deps
    this.#config = config
    this.#invites = reflect<Invite>({ client, clock, log }, Resource.invite, { namespace })
    this.#keys = new FounderKeys(deps, namespace)
    this.#addresses = new OwnAddresses(deps, namespace)
    const report = redemptionReport({ ...deps, log: log.child({ component: 'redemption' }) })
    const redeemer = new Redeemer(
      {
        client,
        invites: this.#invites,
        founder: () => this.#keys.founder(),
        endpoints: async ({ spec }) => spec?.endpoints ?? (await this.#addresses.routers()),
        report,
        clock,
      },
      namespace,
    )
    this.#server = new RedemptionServer(
      {
        credentials: this.#port,
        redeem: (request) => redeemer.redeem(request),
        turnedAway: (why) => report.stranger(why),
        clock,
        log,
      },
      listening,
    )
  }

  /** Undefined while nothing listens. */
  get port(): number | undefined {
    return this.#server.port
  }

  async start(): Promise<void> {
    await this.#invites.start()
    await this.#keys.start()
    await this.#server.start()
    this.#opening = this.#open()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#opening
    this.#unfollow()
    await this.#server.stop()
    await this.#keys.stop()
    await this.#invites.stop()
  }

  /** What only the leader does. */
  leader(): Startable {
    const reconciler = new InviteReconciler(
      {
        ...this.#deps,
        invites: this.#invites,
        inviter: () => this.#keys.inviter,
        url: () => this.#addresses.joinUrl(),
      },
      this.#config.namespace,
    )
    let unfollow = (): void => {}
    return {
      start: async () => {
        unfollow = this.#keys.credentials.subscribe(() => reconciler.inviterChanged())
        await reconciler.start()
      },
      stop: async () => {
        unfollow()
        await reconciler.stop()
      },
    }
  }

  async #open(): Promise<void> {
    const { signal } = this.#stopping
    try {
      await this.#invites.whenSynced(signal)
    } catch (error) {
      if (signal.aborted) return
      throw error
    }
    const { credentials } = this.#keys
    this.#unfollow = credentials.subscribe((next) => this.#port.set(next))
    this.#port.set(credentials.current())
  }
}
