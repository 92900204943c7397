/**
 * The lab's stand-in for CoreDNS, put together: answers the cluster's own names and forwards the others as the
 * ConfigMap kube-system/coredns says.
 */
import type { EndpointSlice, Namespace, Service } from '../../api/objects.ts'
import { Resource } from '../../api/resources.ts'
import type { Clock } from '../../core/clock.ts'
import { Lifecycle, type Startable } from '../../core/lifecycle.ts'
import type { Logger } from '../../core/log.ts'
import { createMetrics } from '../../core/metrics.ts'
import { Snapshot, type SnapshotSource } from '../../core/snapshot.ts'
import { Rcode, type Zone } from '../../dns/dns-records.ts'
import { DnsServer } from '../../dns/dns-server.ts'
import { writeError } from '../../dns/message-writer.ts'
import { labelsOfKey, type Query } from '../../dns/query-reader.ts'
import { ServiceZone } from '../../dns/service-zone.ts'
import type { ZoneSnapshot } from '../../dns/zone-snapshot.ts'
import { reflect } from '../../kube/reflector.ts'
import type { WatchingKubeClient } from '../../kube/types.ts'
import { type ConfigMap, clusterDnsObjects } from './cluster-dns-objects.ts'
import { CLUSTER_DNS_VERSION, clusterServices, serviceIndexes } from './cluster-services.ts'
import type { Upstream } from './corefile.ts'
import { COREDNS_CONFIG } from './default-corefile.ts'
import { ForwardConfig } from './forward-config.ts'
import { Forwarder } from './forwarder.ts'
import { REVERSE_ZONES, ReverseZone } from './reverse-zone.ts'

export interface ClusterDnsDeps {
  readonly client: WatchingKubeClient
  readonly clock: Clock
  readonly log: Logger
}

export interface ClusterDnsConfig {
  /** Where to listen, UDP and TCP. */
  readonly host: string
  readonly port: number
  /** ClusterIP of the Service kube-dns: what pods find in their resolv.conf. */
  readonly clusterAddress: string
  /** Default cluster.local. */
  readonly zone?: string
  /** Resolvers for names of the outside world; without any they are refused. */
  readonly upstreams?: readonly Upstream[]
  /** How an upstream is reached from here. Default: as the Corefile says. */
  readonly reach?: (upstream: Upstream) => Upstream
}

export interface ClusterDns extends Startable {
  /** The port it listens at, once started. */
  readonly port: number
  /** What keeps it from answering. */
  notReady(): readonly string[]
}

/** The DNS of one cluster. Needs nothing but a client and an address, so it can run in any process. */
export function createClusterDns(deps: ClusterDnsDeps, config: ClusterDnsConfig): ClusterDns {
  const zone = config.zone ?? 'cluster.local'
  const log = deps.log.child({ component: 'cluster-dns' })
  const { clock, client } = deps
  const watch = { client, clock, log }
  const services = reflect<Service>(watch, Resource.service)
  const slices = reflect<EndpointSlice>(watch, Resource.endpointSlice, { indexes: serviceIndexes })
  const namespaces = reflect<Namespace>(watch, Resource.namespace)
  const configMaps = reflect<ConfigMap>(watch, Resource.configMap, {
    namespace: COREDNS_CONFIG.namespace,
    fieldSelector: `metadata.name=${COREDNS_CONFIG.name}`,
  })
  const source = clusterServices({ services, slices, namespaces, clock }, zone)
  const forwarding = new ForwardConfig({ configMaps, log }, config.upstreams ?? [])
  const { reach = (upstream: Upstream) => upstream } = config
  const forwarder = new Forwarder({ clock, log })
  const server = new DnsServer(
    {
      zones: clusterZones(zone, config, source.snapshots),
      outside: (message, query, transport) => {
        const upstreams = forwarding.upstreamsOf(labelsOfKey(query.key))?.map(reach)
        return forward(forwarder, upstreams, message, query, transport)
      },
      metrics: createMetrics(),
      clock,
      log,
    },
    config,
  )
  const objects = clusterDnsObjects({ client, configMaps, clock, log }, { ...config, zone })
  const parts = new Lifecycle([source, forwarding, server, services, slices, namespaces, configMaps, objects])
  return {
    start: () => parts.start(),
    stop: () => parts.stop(),
    notReady: () => [...source.notReady(), ...(configMaps.synced ? [] : ['the ConfigMap coredns'])],
    get port() {
      return server.port
    },
  }
}

function clusterZones(
  zone: string,
  { clusterAddress }: ClusterDnsConfig,
  snapshots: SnapshotSource<ZoneSnapshot>,
): SnapshotSource<readonly Zone[]> {
  const config = { zone, version: CLUSTER_DNS_VERSION, nameServer: [clusterAddress], pods: true }
  const zonesOf = (snapshot: ZoneSnapshot): readonly Zone[] => [
    new ServiceZone(config, snapshot),
    ...REVERSE_ZONES.map((tree) => new ReverseZone(tree, zone, snapshot)),
  ]
  const zones = new Snapshot(zonesOf(snapshots.current()))
  snapshots.subscribe((snapshot) => zones.set(zonesOf(snapshot)))
  return zones
}

/** The upstream's answer, REFUSED when there is no upstream, SERVFAIL when none answers. */
async function forward(
  forwarder: Forwarder,
  upstreams: readonly Upstream[] | undefined,
  message: Buffer,
  query: Query,
  transport: 'udp' | 'tcp',
): Promise<Buffer> {
  if (upstreams?.length === 0) return writeError(message, Rcode.refused, query.end, query.edns)
  const answer = await forwarder.ask(message, query.end, upstreams ?? [], transport)
  return answer ?? writeError(message, Rcode.servFail, query.end, query.edns)
}
