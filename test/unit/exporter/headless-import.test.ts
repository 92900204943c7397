/** A headless import as a whole: what is written for its remote endpoints, what is remembered of it, what it says. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { ServiceImport } from '../../../src/api/mcs.ts'
import type { EndpointSlice, Service } from '../../../src/api/objects.ts'
import type { Directory, RecordEndpoint, ServiceRecord } from '../../../src/api/service-record.ts'
import { DEFAULT_TRAFFIC, Locality } from '../../../src/api/traffic-settings.ts'
import { isOffering } from '../../../src/exporter/chosen-clusters.ts'
import { endpointObjects } from '../../../src/exporter/endpoint-services.ts'
import { headlessFamilies } from '../../../src/exporter/headless-families.ts'
import { hostSlices } from '../../../src/exporter/host-slices.ts'
import { importObject, importStatus } from '../../../src/exporter/import-object.ts'
import { ListenPortLedger } from '../../../src/exporter/listen-port-ledger.ts'
import { wantedImport } from '../../../src/exporter/remembered.ts'
import { portsInTurn, remoteEndpoints } from '../../../src/exporter/remote-endpoints.ts'
import type { MergedService } from '../../../src/exporter/service-merge.ts'
import { directory, OWNER, origin, port, record } from '../../support/exporter-objects.ts'

const PORTS = [port(80, 'http'), port(81, 'admin'), { ...port(82, 'sctp'), protocol: 'SCTP' as const }]
const ENDPOINTS: readonly RecordEndpoint[] = [
  { id: 'web-0' },
  { id: 'web-1', unready: true },
  { id: '10-0-0-9', hostname: 'web-0', ports: [1] },
]

function headless(endpoints: readonly RecordEndpoint[] = ENDPOINTS, change: Partial<ServiceRecord> = {}) {
  return record({ type: 'Headless', ports: PORTS, endpoints, ...change })
}

const east = (endpoints: readonly RecordEndpoint[] = ENDPOINTS) => origin('east', [headless(endpoints)])

interface Written {
  readonly import: ServiceImport
  readonly services: readonly Service[]
  readonly slices: readonly EndpointSlice[]
}

function mergedOf(known: Directory, existing?: Written): MergedService {
  const nothing = { import: undefined, slices: [] }
  const found = wantedImport(known, 'demo/web', existing ?? nothing)
  if (found === undefined) throw new Error('nothing wanted')
  return found.merged
}

/** What the controller of cluster west writes; each Service gets the address that follows from its router port. */
function written(merged: MergedService, existing: readonly EndpointSlice[] = []): Written {
  const endpoints = remoteEndpoints(merged, 'west')
  const listenPorts = new ListenPortLedger().assign(merged.key, portsInTurn(endpoints, new Map()))
  const inputs = { merged, listenPorts, routers: ['10.0.0.5'], owner: OWNER }
  const planned = endpoints.flatMap((endpoint) => endpointObjects(endpoint, inputs) ?? [])
  const addressed = planned.map(({ service, ...rest }) => {
    const [first] = service.spec?.ports ?? []
    return {
      ...rest,
      service: { ...service, spec: { ...service.spec, clusterIP: `10.96.${first?.targetPort}` } },
    }
  })
  const hosts = addressed.map(({ endpoint, service }) => {
    const { cluster, hostname, ready, ports } = endpoint
    return { cluster, hostname, ready, ports, offered: ready, address: service.spec.clusterIP }
  })
  const object = importObject(merged, undefined)
  return {
    import: { ...object, status: importStatus(merged, undefined, object, 0).status ?? {} },
    services: addressed.map(({ service }) => service),
    slices: [
      ...planned.flatMap((each) => each.slices),
      ...hostSlices({ merged, hosts, existing, owner: OWNER }),
    ],
  }
}

describe('the families of a headless import', () => {
  const slice = (
    addressType: EndpointSlice['addressType'],
    labels: Record<string, string>,
  ): EndpointSlice => ({
    metadata: { labels },
    addressType,
    endpoints: [],
  })
  const published = { 'multicluster.kubernetes.io/source-cluster': 'east' }

  test('are those of its slices, each once, IPv4 first', () => {
    const v4 = slice('IPv4', published)
    expect(headlessFamilies([slice('IPv6', published), v4, v4])).toEqual(['IPv4', 'IPv6'])
    expect(headlessFamilies([slice('IPv6', published), slice('IPv4', {}), slice('FQDN', published)])).toEqual(
      ['IPv6'],
    )
  })

  test('are in the import, and nothing is when it has no endpoint', () => {
    const merged = mergedOf(directory(east()))
    expect(importObject(merged, undefined, ['IPv4']).spec?.ipFamilies).toEqual(['IPv4'])
    expect(importObject(merged, undefined, []).spec).not.toHaveProperty('ipFamilies')
  })
})

describe('what stands for one remote endpoint', () => {
  const merged = mergedOf(directory(east()))
  const { services, slices } = written(merged)

  test('is a Service without selector that names it, with a router port for each port it serves', () => {
    expect(services[0]).toMatchObject({
      metadata: {
        name: expect.stringMatching(/^derived-[0-9a-v]{10}-[0-9a-v]{20}$/),
        namespace: 'demo',
        labels: {
          'fairlead.dev/derived-from': 'web',
          'fairlead.dev/endpoint-cluster': 'east',
          'fairlead.dev/endpoint': 'web-0',
        },
        ownerReferences: [OWNER],
      },
      spec: {
        type: 'ClusterIP',
        sessionAffinity: 'None',
        ports: [
          { name: 'http', protocol: 'TCP', port: 80, targetPort: expect.any(Number) },
          { name: 'admin', protocol: 'TCP', port: 81, targetPort: expect.any(Number) },
        ],
      },
    })
    expect(services.map(({ spec }) => spec?.ports?.length)).toEqual([2, 2, 1])
  })

  test('is a slice that leads from there to the routers, and that DNS does not see', () => {
    const [slice] = slices
    expect(slice?.metadata.name).toBe(services[0]?.metadata.name)
    expect(slice?.metadata.labels).toEqual({
      'kubernetes.io/service-name': services[0]?.metadata.name,
      'fairlead.dev/derived-from': 'web',
      'endpointslice.kubernetes.io/managed-by': 'fairlead.dev',
    })
    expect(slice?.endpoints).toEqual([
      { addresses: ['10.0.0.5'], conditions: { ready: true, serving: true, terminating: false } },
    ])
    expect(slice?.ports?.map((each) => each.port)).toEqual(
      services[0]?.spec?.ports?.map(({ targetPort }) => targetPort),
    )
  })

  test('has a name that depends on service, cluster and id alone', () => {
    const later = written(mergedOf(directory(east([{ id: 'aaa' }, ...ENDPOINTS]))))
    const names = later.services.map(({ metadata }) => metadata.name)
    expect(names).toEqual(expect.arrayContaining(services.map(({ metadata }) => metadata.name)))
    const north = written(mergedOf(directory(origin('north', [headless()]))))
    expect(names).not.toContain(north.services[0]?.metadata.name)
  })

  test('asks for both families and has a slice for each where the routers have both, and goes by what it got', () => {
    const both = mergedOf(directory(origin('east', [headless(ENDPOINTS, { ipFamilies: ['IPv6', 'IPv4'] })])))
    const [endpoint] = remoteEndpoints(both, 'west')
    if (endpoint === undefined) throw new Error('no endpoint')
    const listenPorts = new ListenPortLedger().assign(both.key, portsInTurn([endpoint], new Map()))
    const inputs = { merged: both, listenPorts, routers: ['10.0.0.5', 'fd00::5'], owner: OWNER }
    const found = endpointObjects(endpoint, inputs)
    expect(found?.service.spec).toMatchObject({ ipFamilies: ['IPv6'], ipFamilyPolicy: 'PreferDualStack' })
    const reached = (objects: typeof found) =>
      objects?.slices.map(({ addressType, endpoints }) => `${addressType} ${endpoints[0]?.addresses[0]}`)
    expect(reached(found)).toEqual(['IPv6 fd00::5', 'IPv4 10.0.0.5'])
    expect(new Set(found?.slices.map(({ metadata }) => metadata.name)).size).toBe(2)
    const got: Service = { metadata: {}, spec: { ipFamilies: ['IPv4'] } }
    expect(reached(endpointObjects(endpoint, inputs, got))).toEqual(['IPv4 10.0.0.5'])
  })

  test('is nothing when no router port is left for it', () => {
    const [endpoint] = remoteEndpoints(merged, 'west')
    const inputs = { merged, listenPorts: new Map(), routers: [], owner: OWNER }
    expect(endpoint === undefined ? endpoint : endpointObjects(endpoint, inputs)).toBeUndefined()
  })
})

describe('a directory that lost what it knew', () => {
  test('leaves a headless import exactly as it was written', () => {
    const before = written(mergedOf(directory(east())))
    expect(written(mergedOf(directory(), before), before.slices)).toEqual(before)
  })

  test('does so whatever the endpoints were', () => {
    const endpoint = fc.record(
      {
        id: fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/),
        hostname: fc.constantFrom('db', 'web-0'),
        unready: fc.constant(true as const),
        ports: fc.subarray([0, 1]),
      },
      { requiredKeys: ['id'] },
    ) as fc.Arbitrary<RecordEndpoint>
    const endpoints = fc.uniqueArray(endpoint, { selector: ({ id }) => id, maxLength: 12 })
    fc.assert(
      fc.property(endpoints, (told) => {
        const before = written(mergedOf(directory(east(told))))
        const after = written(mergedOf(directory(), before), before.slices)
        expect(after.services).toEqual(before.services)
        expect(after.slices).toEqual(before.slices)
      }),
    )
  })

  test('takes endpoints for ready whose slice is lost', () => {
    const before = written(mergedOf(directory(east([{ id: 'web-0', unready: true }]))))
    const after = mergedOf(directory(), { ...before, slices: [] })
    expect(after.exporters[0]?.record.endpoints).toEqual([{ id: 'web-0', ports: [0, 1] }])
  })
})

describe('condition Ready of a headless import', () => {
  const merged = mergedOf(directory(east()))
  const ready = (service: MergedService, waiting = 0, unserved: readonly [string, number][] = []) => {
    const facts = { endpoints: { waiting, unserved: new Map(unserved) } }
    const { conditions } = importStatus(service, undefined, { metadata: {} }, 0, facts).status ?? {}
    return `${conditions?.[0]?.status} ${conditions?.[0]?.reason} ${conditions?.[0]?.message}`
  }

  test('is True once every endpoint has an address', () => {
    expect(ready(merged)).toBe('True Ready ')
    expect(ready(merged, 3)).toBe('False Pending waiting for the addresses of 3 endpoints')
  })

  test('says for how many endpoints of which cluster no router port is left', () => {
    expect(
      ready(merged, 0, [
        ['north', 2],
        ['east', 1],
      ]),
    ).toBe('True Ready no router port is left for endpoints: 1 of east, 2 of north')
    const many = Array.from({ length: 20 }, (_, index): [string, number] => [`c${index}`, 1])
    expect(ready(merged, 0, many)).toContain('and 8 more clusters')
  })

  test('says that without a port no other cluster is reached', () => {
    expect(ready(mergedOf(directory(origin('east', [headless([], { ports: [] })]))))).toContain(
      'no port is exported',
    )
  })
})

describe('endpoints of another cluster are offered', () => {
  const north = headless([], { ports: [port(80, 'http', 0)] })
  const both = (ready: number) =>
    mergedOf(directory(east(), origin('west', [{ ...north, ports: [port(80, 'http', ready)] }])))
  const offers = (
    merged: MergedService,
    stale: readonly string[],
    locality: Locality = Locality.preferLocal,
  ) => isOffering(merged, 'east', { traffic: { ...DEFAULT_TRAFFIC, locality }, stale: new Set(stale) })

  test('unless flows stay at home', () => {
    expect(offers(both(1), [])).toBe(true)
    expect(offers(both(1), [], Locality.requireLocal)).toBe(false)
  })

  test('unless the cluster is stale and another has any', () => {
    expect(offers(both(1), ['east'])).toBe(false)
    expect(offers(both(0), ['east'])).toBe(true)
    expect(offers(both(1), ['east', 'west'])).toBe(true)
  })
})
