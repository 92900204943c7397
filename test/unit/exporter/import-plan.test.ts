/** The objects of one import: derived Service, EndpointSlices, ServiceImport. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { portKey } from '../../../src/api/merged-ports.ts'
import type { EndpointSlice, Service } from '../../../src/api/objects.ts'
import type { ServiceRecord } from '../../../src/api/service-record.ts'
import { DEFAULT_TRAFFIC, Locality, type TrafficSettings } from '../../../src/api/traffic-settings.ts'
import { derivedService } from '../../../src/exporter/derived-service.ts'
import { derivedServiceName } from '../../../src/exporter/import-names.ts'
import { importObject, importStatus } from '../../../src/exporter/import-object.ts'
import { importSlices } from '../../../src/exporter/import-slices.ts'
import { carriedPorts } from '../../../src/exporter/listen-ports.ts'
import { portClaims } from '../../../src/exporter/port-claims.ts'
import { type MergedService, mergeService } from '../../../src/exporter/service-merge.ts'
import { endpoint, OWNER, port, record, service, slice } from '../../support/exporter-objects.ts'

const NOW = Date.UTC(2026, 5, 1)

function merged(clusters: Readonly<Record<string, Partial<ServiceRecord>>>): MergedService {
  const found = mergeService(
    Object.entries(clusters).map(([cluster, change]) => ({ cluster, record: record(change) })),
  )
  if (found === undefined) throw new Error('nothing merged')
  return found
}

/** Router ports 20000, 20001, ... in the order of the import's ports. */
function listening(service: MergedService): Map<string, number> {
  return new Map(service.ports.map((each, index) => [portKey(each), 20_000 + index]))
}

function derived(service: MergedService, clusterIP?: string): Service | undefined {
  return derivedService(service, listening(service), OWNER, clusterIP === undefined ? {} : { clusterIP })
}

/** The slices of an import in cluster west. */
function slices(
  service: MergedService,
  local: { service?: Service; slices?: EndpointSlice[] } = {},
  traffic: Partial<TrafficSettings> = {},
): EndpointSlice[] {
  return importSlices({
    merged: service,
    cluster: 'west',
    listenPorts: listening(service),
    local: { service: local.service, slices: local.slices ?? [] },
    traffic: { ...DEFAULT_TRAFFIC, ...traffic },
    routers: ['10.244.0.5', '10.244.0.6'],
    owner: OWNER,
  })
}

/** `name carries addresses ports`, short enough to compare. */
function summary(found: readonly EndpointSlice[]): string[] {
  return found.map(({ metadata, endpoints, ports = [] }) => {
    const purpose = metadata.name?.split('-')[2]
    const source = metadata.labels?.['multicluster.kubernetes.io/source-cluster']
    const carries = metadata.labels?.['kubernetes.io/service-name'] === undefined ? 'idle' : 'carries'
    const ready = endpoints.map(
      ({ addresses, conditions }) => `${addresses[0]}${conditions?.ready ? '' : '!'}`,
    )
    const kind = source === 'west' ? 'local' : purpose
    return `${source} ${kind} ${carries} ${ready.join()} ${ports.map((each) => `${each.name}=${each.port}`).join()}`
  })
}

describe('the derived Service', () => {
  test('has the name that the reference controller gives it', () => {
    expect(derivedServiceName('demo/hello')).toBe('derived-clkj3a8mu9')
    expect(derivedServiceName('test/my-svc')).toBe('derived-mk23lhldfi')
  })

  test('has no selector, the ports of the import, and the router ports as target ports', () => {
    const found = derived(merged({ east: { ports: [port(80, 'http'), port(443, 'https')] } }))
    expect(found).toEqual({
      metadata: {
        name: derivedServiceName('demo/web'),
        namespace: 'demo',
        labels: { 'fairlead.dev/derived-from': 'web' },
        ownerReferences: [OWNER],
      },
      spec: {
        type: 'ClusterIP',
        sessionAffinity: 'None',
        ports: [
          { name: 'http', protocol: 'TCP', port: 80, targetPort: 20_000 },
          { name: 'https', protocol: 'TCP', port: 443, targetPort: 20_001 },
        ],
      },
    })
  })

  test('keeps clients with their backend when the export does', () => {
    const east = { sessionAffinity: 'ClientIP', sessionAffinityTimeoutSeconds: 60 } as const
    expect(derived(merged({ east }))?.spec).toMatchObject({
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
    })
  })

  test('names a port that has no name once it is not alone, and never twice the same', () => {
    const names = (ports: ServiceRecord['ports']) =>
      derived(merged({ east: { ports } }))?.spec?.ports?.map(({ name }) => name)
    expect(names([port(80)])).toEqual([undefined])
    expect(names([port(80), port(81, 'b')])).toEqual(['tcp-80', 'b'])
    expect(names([port(80), port(81, 'tcp-80')])).toEqual(['tcp-80x', 'tcp-80'])
  })

  test('rule 28: a headless import has none', () => {
    expect(derived(merged({ east: { type: 'Headless' } }))).toBeUndefined()
  })

  test('only the Service of the right name is believed to be derived', () => {
    const make = (name: string, from: string) =>
      service(
        { ports: [{ port: 80, targetPort: 20_080 }] },
        { name, labels: { 'fairlead.dev/derived-from': from } },
      )
    const found = portClaims([
      make('derived-by-hand', 'forged'),
      make(derivedServiceName('other/web'), 'web'),
      make(derivedServiceName('demo/web'), 'web'),
    ])
    expect(found).toEqual([['demo/web', new Map([['TCP/80', 20_080]])]])
  })
})

describe('the slices of an import', () => {
  const local = {
    service: service(),
    slices: [slice([endpoint('10.244.0.9'), endpoint('10.244.0.10', { ready: false })])],
  }
  const down = { service: service(), slices: [slice([endpoint('10.244.0.9', { ready: false })])] }
  const ready = { ports: [port(80, 'http', 2)] }
  const unready = { ports: [port(80, 'http', 0)] }

  test('rule 38: carry both labels, our mark and the import as owner', () => {
    expect(slices(merged({ east: ready }))[0]?.metadata).toEqual({
      name: `${derivedServiceName('demo/web')}-active-east`,
      namespace: 'demo',
      labels: {
        'multicluster.kubernetes.io/service-name': 'web',
        'multicluster.kubernetes.io/source-cluster': 'east',
        'endpointslice.kubernetes.io/managed-by': 'fairlead.dev',
        'kubernetes.io/service-name': derivedServiceName('demo/web'),
      },
      ownerReferences: [OWNER],
    })
  })

  test("a remote cluster is reached through the routers, at the import's own port there", () => {
    expect(summary(slices(merged({ east: ready })))).toEqual([
      'east active carries 10.244.0.5,10.244.0.6 http=20000',
    ])
  })

  test('while a local endpoint is ready it carries the traffic, and the remote cluster stands by', () => {
    expect(summary(slices(merged({ west: ready, east: ready }), local))).toEqual([
      'west local carries 10.244.0.9,10.244.0.10! http=8080',
      'east standby idle 10.244.0.5,10.244.0.6 http=20000',
    ])
  })

  test('when no local endpoint is ready the remote cluster carries it', () => {
    expect(summary(slices(merged({ west: unready, east: ready }), down))).toEqual([
      'west local carries 10.244.0.9! http=8080',
      'east active carries 10.244.0.5,10.244.0.6 http=20000',
    ])
  })

  test('a remote cluster without ready endpoints gets no traffic', () => {
    expect(summary(slices(merged({ east: unready })))).toEqual([
      'east unready idle 10.244.0.5!,10.244.0.6! http=20000',
    ])
  })

  test('rule 34: a port is served only by the clusters that declare it', () => {
    const west = { ports: [port(80, 'http', 1)] }
    const east = { ports: [port(80, 'http', 1), port(81, 'admin', 1)] }
    expect(summary(slices(merged({ west, east }), local))).toEqual([
      'west local carries 10.244.0.9,10.244.0.10! http=8080',
      'east active carries 10.244.0.5,10.244.0.6 admin=20001',
      'east standby idle 10.244.0.5,10.244.0.6 http=20000',
    ])
  })

  test('rule 9: a local Service that is not exported adds nothing', () => {
    expect(summary(slices(merged({ east: ready }), local))).toEqual([
      'east active carries 10.244.0.5,10.244.0.6 http=20000',
    ])
  })

  test('a local port goes by the name that won', () => {
    const east = { exportedAt: '2025-01-01T00:00:00Z', ports: [port(80, 'web')] }
    expect(summary(slices(merged({ west: ready, east }), local))[0]).toBe(
      'west local carries 10.244.0.9,10.244.0.10! web=8080',
    )
  })

  test('a local port that lost its number is not served', () => {
    const east = { exportedAt: '2025-01-01T00:00:00Z', ports: [port(8080, 'http')] }
    expect(summary(slices(merged({ west: ready, east }), local))).toEqual([
      'east active carries 10.244.0.5,10.244.0.6 http=20000',
    ])
  })

  test('each local slice is mirrored by one, because named ports may differ among pods', () => {
    const two = [...local.slices, slice([endpoint('10.244.0.11')], [{ name: 'http', port: 9090 }], 'web-2')]
    const found = slices(merged({ west: ready }), { service: service(), slices: two })
    expect(summary(found)).toEqual([
      'west local carries 10.244.0.9,10.244.0.10! http=8080',
      'west local carries 10.244.0.11 http=9090',
    ])
    expect(new Set(found.map(({ metadata }) => metadata.name)).size).toBe(2)
  })

  test('a headless import shows the local endpoints, and kube-proxy leaves it alone', () => {
    const west = { ...ready, type: 'Headless' } as const
    expect(summary(slices(merged({ west, east: west }), local))).toEqual([
      'west local idle 10.244.0.9,10.244.0.10! http=8080',
    ])
  })

  describe('by locality', () => {
    const all = merged({ west: ready, east: ready, north: ready })
    const shared = ['east active carries', 'north active carries']

    /** `cluster kind carries` of each slice, in order. */
    const roles = (found: readonly EndpointSlice[]) =>
      summary(found).map((each) => each.split(' ').slice(0, 3).join(' '))

    test.each([
      ['PreferLocal', {}, ['west local carries', 'east standby idle', 'north standby idle']],
      [
        'Any: the routers carry local endpoints too, so that shares hold',
        { locality: 'Any' },
        ['west local idle', ...shared],
      ],
      [
        'RequireLocal: never the routers',
        { locality: 'RequireLocal' },
        ['west local carries', 'east excluded idle', 'north excluded idle'],
      ],
      [
        'Failover: the first of the order',
        { locality: 'Failover', failover: ['north', 'west'] },
        ['west local idle', 'east standby idle', 'north active carries'],
      ],
      [
        'Failover with the own cluster first: local pods themselves',
        { locality: 'Failover', failover: ['west', 'north'] },
        ['west local carries', 'east standby idle', 'north standby idle'],
      ],
      [
        'Any with weight 0 for the others: local pods themselves',
        {
          locality: 'Any',
          weights: new Map([
            ['east', 0],
            ['north', 0],
          ]),
        },
        ['west local carries', 'east standby idle', 'north standby idle'],
      ],
      [
        'weight 0 for the own cluster: the others, through the routers',
        { weights: new Map([['west', 0]]) },
        ['west local idle', ...shared],
      ],
    ] as [string, Partial<TrafficSettings>, string[]][])('%s', (_what, traffic, expected) => {
      expect(roles(slices(all, local, traffic))).toEqual(expected)
    })

    test('RequireLocal without a ready local endpoint leaves no ready endpoint at all', () => {
      for (const at of [local, down]) {
        const found = slices(
          merged({ east: ready, north: ready, ...(at === down ? { west: unready } : {}) }),
          at,
          {
            locality: 'RequireLocal',
          },
        )
        const open = found.flatMap(({ endpoints }) => endpoints.filter(({ conditions }) => conditions?.ready))
        expect(open).toEqual([])
        expect(found.filter(({ metadata }) => metadata.name?.includes('active'))).toEqual([])
      }
    })

    test('an own cluster that is the only choice serves itself, whatever the locality', () => {
      const alone = merged({ west: ready, east: unready })
      const failover = { locality: 'Failover', failover: ['east'] } as const
      for (const traffic of [{ locality: 'Any' }, failover] as const) {
        expect(roles(slices(alone, local, traffic))).toEqual(['west local carries', 'east unready idle'])
      }
    })

    test('each port is decided for itself, and a slice that carries traffic is another object', () => {
      const west = { ports: [port(80, 'http', 1), port(81, 'admin', 1)] }
      const two = service({
        ports: [
          { name: 'http', port: 80 },
          { name: 'admin', port: 81 },
        ],
      })
      const both = [
        { name: 'http', protocol: 'TCP', port: 8080 },
        { name: 'admin', protocol: 'TCP', port: 8081 },
      ] as const
      const pods = { service: two, slices: [slice([endpoint('10.244.0.9')], [...both])] }
      const found = slices(merged({ west, east: ready }), pods, { locality: 'Any' })
      expect(summary(found)).toEqual([
        'west local carries 10.244.0.9 admin=8081',
        'west local idle 10.244.0.9 http=8080',
        'east active carries 10.244.0.5,10.244.0.6 http=20000',
      ])
      expect(new Set(found.map(({ metadata }) => metadata.name)).size).toBe(3)
    })

    test('pods that terminate serve only while no other cluster has a ready endpoint', () => {
      const leaving = {
        service: service(),
        slices: [slice([endpoint('10.244.0.9', { ready: false, serving: true, terminating: true })])],
      }
      const elsewhere = slices(merged({ west: ready, east: ready }), leaving)
      expect(roles(elsewhere)).toEqual(['west local carries', 'east active carries'])
      const alone = slices(merged({ west: ready, east: unready }), leaving)
      expect(roles(alone)).toEqual(['west local carries', 'east unready idle'])
      expect(alone[0]?.endpoints[0]?.conditions).toEqual({ ready: false, serving: true, terminating: true })
    })

    test('every slice has endpoints of one source cluster, and says which, whatever the policy', () => {
      const locality = fc.constantFrom(...Object.values(Locality))
      const names = fc.uniqueArray(fc.constantFrom('west', 'east', 'north'), { minLength: 1 })
      const weights = fc.dictionary(fc.constantFrom('west', 'east', 'north'), fc.integer({ min: 0, max: 3 }))
      fc.assert(
        fc.property(locality, names, names, names, weights, (chosen, failover, exporting, up, shares) => {
          const records = exporting.map((name) => [name, up.includes(name) ? ready : unready])
          const pods = up.includes('west') ? local : down
          const traffic = { locality: chosen, failover, weights: new Map(Object.entries(shares)) }
          const found = slices(merged(Object.fromEntries(records)), pods, traffic)
          const sources = new Set(
            found.map(({ metadata }) => metadata.labels?.['multicluster.kubernetes.io/source-cluster']),
          )
          expect(sources).toEqual(new Set(exporting))
          for (const { metadata, endpoints } of found) {
            const own = metadata.labels?.['multicluster.kubernetes.io/source-cluster'] === 'west'
            expect(endpoints.some(({ addresses }) => addresses[0] === '10.244.0.5')).toBe(!own)
          }
        }),
      )
    })
  })

  test('DNS: one number for TCP and UDP has two router ports', () => {
    const dns = { ports: [{ ...port(53, 'udp'), protocol: 'UDP' }, port(53, 'tcp')] } as const
    const found = merged({ east: dns })
    expect(summary(slices(found))).toEqual(['east active carries 10.244.0.5,10.244.0.6 udp=20000,tcp=20001'])
    expect(slices(found)[0]?.ports?.map(({ protocol }) => protocol)).toEqual(['UDP', 'TCP'])
    expect(derived(found)?.spec?.ports).toMatchObject([
      { protocol: 'UDP', port: 53, targetPort: 20_000 },
      { protocol: 'TCP', port: 53, targetPort: 20_001 },
    ])
  })

  test('names of clusters cannot be mistaken for purposes', () => {
    const found = slices(merged({ a: ready, 'standby-a': ready, 'active-a': unready }))
    expect(new Set(found.map(({ metadata }) => metadata.name)).size).toBe(3)
  })
})

describe('the ServiceImport', () => {
  const withAddress = service({ clusterIPs: ['10.96.7.7'], ipFamilies: ['IPv4'] })

  test('names ports, type, addresses and the derived Service', () => {
    const found = importObject(merged({ east: { exportedLabels: { team: 'a' } } }), withAddress)
    expect(found.spec).toEqual({
      type: 'ClusterSetIP',
      ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
      ips: ['10.96.7.7'],
      ipFamilies: ['IPv4'],
      sessionAffinity: 'None',
    })
    expect(found.metadata).toMatchObject({
      labels: { team: 'a' },
      annotations: { 'multicluster.kubernetes.io/derived-service': derivedServiceName('demo/web') },
    })
  })

  test('rule 28: a headless import has no address', () => {
    expect(importObject(merged({ east: { type: 'Headless' } }), withAddress).spec?.ips).toBeUndefined()
  })

  test('is Pending until the address is known, then Ready, and lists the exporting clusters', () => {
    const east = merged({ west: {}, east: {} })
    const pending = importStatus(east, service({ clusterIP: '' }), { metadata: { generation: 1 } }, NOW)
    expect(pending.status?.clusters).toEqual([{ cluster: 'east' }, { cluster: 'west' }])
    expect(pending.status?.conditions).toMatchObject([{ type: 'Ready', status: 'False', reason: 'Pending' }])
    const ready = importStatus(east, withAddress, { ...pending, metadata: { generation: 2 } }, NOW + 5_000)
    expect(ready.status?.conditions).toEqual([
      {
        type: 'Ready',
        status: 'True',
        reason: 'Ready',
        message: '',
        observedGeneration: 2,
        lastTransitionTime: '2026-06-01T00:00:05Z',
      },
    ])
  })

  test('the time of a condition stays while its status does', () => {
    const east = merged({ east: {} })
    const first = importStatus(east, withAddress, { metadata: {} }, NOW)
    const second = importStatus(east, withAddress, first, NOW + 60_000)
    expect(second.status).toEqual(first.status)
  })

  test('says which ports routers cannot carry', () => {
    const sctp = { ...port(7, 'sctp'), protocol: 'SCTP' } as const
    const found = merged({ east: { ports: [port(80, 'http'), sctp] } })
    const derived = derivedService(found, new Map([['TCP/80', 20_000]]), OWNER, { clusterIP: '10.96.1.1' })
    const status = importStatus(found, derived, { metadata: {} }, NOW).status
    expect(status?.conditions?.[0]).toMatchObject({
      status: 'True',
      message: 'only TCP and UDP are forwarded, not SCTP/7',
    })
    expect(carriedPorts(found.ports).map(portKey)).toEqual(['TCP/80'])
  })

  test('says so when no router port is left', () => {
    const found = importStatus(merged({ east: {} }), undefined, { metadata: {} }, NOW)
    expect(found.status?.conditions?.[0]?.message).toContain('no router port')
    const two = merged({ east: { ports: [port(80, 'a'), port(81, 'b')] } })
    const partly = importStatus(
      two,
      derivedService(two, new Map([['TCP/80', 20_000]]), OWNER, { clusterIP: '10.96.0.9' }),
      { metadata: {} },
      NOW,
    )
    expect(partly.status?.conditions).toMatchObject([
      { status: 'True', message: 'no router port is left for TCP/81' },
    ])
  })
})
