/**
 * Parts of the controller that hang together: what is watched for them, and what they make of it.
 */
import type { TrustFacts } from '../api/service-record.ts'
import type { Clock } from '../core/clock.ts'
import type { Logger } from '../core/log.ts'
import type { Metrics } from '../core/metrics.ts'
import { Snapshot } from '../core/snapshot.ts'
import type { ControllerStores } from '../exporter/stores.ts'
import { podsOf } from '../globalnet/contested-pods.ts'
import { Globalnet } from '../globalnet/globalnet-feed.ts'
import { globalnetStores } from '../globalnet/globalnet-stores.ts'
import type { EventRecorder } from '../kube/events.ts'
import type { WritingClient } from '../kube/owned-objects.ts'
import type { ReflectorDeps } from '../kube/reflector.ts'
import type { WatchingKubeClient } from '../kube/types.ts'
import type { DirectoryClient } from '../link/directory-client.ts'
import type { TlsFiles } from '../link/tls-files.ts'
import { ControllerCredentials } from '../trust/controller-credentials.ts'
import { Inviting } from '../trust/join/inviting.ts'
import { JoinLead } from '../trust/join/join-lead.ts'
import { joins } from '../trust/join/joins.ts'
import { TrustLead } from '../trust/trust-lead.ts'
import { trustMetrics } from '../trust/trust-metrics.ts'
import { trustStores } from '../trust/trust-stores.ts'
import type { TrustTermConfig } from '../trust/trust-term.ts'

/** What keeping certificates takes. */
export interface TrustParts {
  readonly client: WatchingKubeClient
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: NonNullable<ReflectorDeps['metrics']>
  readonly registry: Metrics
  readonly stores: ControllerStores
  readonly events: EventRecorder
}

/** Where they are, and what they serve. */
export interface TrustConfig extends TrustTermConfig {
  /** A member of one namespace. */
  readonly ownNamespace: boolean
  /** Where invites are redeemed. */
  readonly join: { readonly host: string; readonly port: number }
}

/** The cluster's certificates: what is watched for them, and who keeps them while this replica leads. */
export function trustOf(
  { registry, stores: known, events, ...watching }: TrustParts,
  { namespace, globalnet, ownNamespace, join }: TrustConfig,
) {
  const { properties, services } = known
  const stores = trustStores(watching, namespace)
  const credentials = new ControllerCredentials({ ...watching, stores }, namespace)
  trustMetrics({ stores, metrics: registry, clock: watching.clock, ownEnd: () => credentials.ends })
  const facts = new Snapshot<TrustFacts>({})
  const telling = { events, metrics: registry }
  // A member of one namespace has not the rights for it, and is given its authority by who installs it.
  const inviting = ownNamespace
    ? undefined
    : new Inviting({ ...watching, ...telling, stores, services }, { namespace, ...join })
  const joining = inviting && [inviting.leader(), joins({ ...watching, ...telling, properties }, namespace)]
  return {
    stores,
    credentials,
    inviting,
    join: new JoinLead(joining ?? []),
    facts,
    lead: ({ directory }: DirectoryClient, { trust }: TlsFiles) =>
      new TrustLead(
        { ...watching, stores, properties, directory, told: trust.newest, events, facts },
        { namespace, globalnet },
      ),
    waitsToJoin: () =>
      stores.authority.synced && stores.authority.list().length === 0
        ? ['waits to join: run "fairlead join FILE"']
        : undefined,
  }
}

/** What global addresses take. */
export interface GlobalnetParts {
  readonly client: WritingClient & ReflectorDeps['client']
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: NonNullable<ReflectorDeps['metrics']>
  readonly registry: Metrics
  readonly stores: ControllerStores
  readonly link: DirectoryClient
  readonly events: EventRecorder
}

/** Global addresses, where a GlobalNetwork says so. */
export function globalnetOf({ registry, stores: known, link, events, ...watching }: GlobalnetParts) {
  const stores = globalnetStores(watching)
  const local = () => ({
    podCidrs: stores.nodes.list().flatMap(({ podCidrs }) => podCidrs),
    serviceCidrs: apiAddresses(known),
    nodeAddresses: stores.nodes.list().flatMap(({ addresses }) => addresses),
  })
  const deps = {
    ...watching,
    metrics: registry,
    stores,
    podsOf: podsOf(watching),
    directory: link.directory,
    local,
    events,
  }
  return { stores, feed: new Globalnet(deps, () => link.identity.cluster) }
}

/** Kubernetes tells the range of Services nowhere; its own Service has the first address of it. */
function apiAddresses({ services }: ControllerStores): string[] {
  const { spec } = services.get({ namespace: 'default', name: 'kubernetes' }) ?? {}
  return (spec?.clusterIPs ?? []).map((address) => `${address}/${address.includes(':') ? 128 : 32}`)
}
