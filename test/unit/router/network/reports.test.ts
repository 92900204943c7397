import { expect, test } from '@jest/globals'
import { type TraceReport, Way } from '../../../../src/api/network-report.ts'
import { Snapshot } from '../../../../src/core/snapshot.ts'
import type { ExplainablePort, ExplainedPort } from '../../../../src/router/explain.ts'
import { networkReports } from '../../../../src/router/network/reports.ts'
import { topologyReport } from '../../../../src/router/network/topology-report.ts'
import { traceReport } from '../../../../src/router/network/trace-report.ts'
import type { TopologyView } from '../../../../src/router/topology/topology-view.ts'
import { directoryOf } from '../../../support/routes.ts'
import { advertisement, routerId, viewOf } from '../../../support/topology-world.ts'

/** 0, 1, 2 in a line. */
const line = () => viewOf(advertisement(0, [1]), advertisement(1, [0, 2]), advertisement(2, [1]))

const network = (topology: TopologyView) => ({ topology, lost: [], reachable: [], exporting: [] })
const router = (number: number) => ({
  id: routerId(number),
  name: `router-${number}`,
  cluster: `c${number}`,
  draining: false,
})

const explained = (cluster: string, chosen = false) => ({
  cluster,
  chosen,
  standby: false,
  ready: 2,
  weight: 1,
  openFlows: 3,
})
const http = (...clusters: readonly string[]): ExplainedPort => ({
  name: 'http',
  port: 80,
  protocol: 'TCP',
  tiers: [clusters.map((cluster, index) => explained(cluster, index === 0))],
  refused: [],
})

const explainable = (explained: ExplainedPort): ExplainablePort => {
  const { name, port, protocol } = explained
  return { name, port, protocol, explain: () => explained }
}

/** What is told of the candidates of a port, all reached that way. */
function candidates(topology: TopologyView, way: Way, ...clusters: readonly string[]) {
  const report = traceReport('demo/web', [explainable(http(...clusters))], { topology, wayTo: () => way })
  return report.ports[0]?.tiers[0] ?? []
}

const clustersOf = (paths: readonly { readonly hops: readonly { readonly cluster: string }[] }[] = []) =>
  paths.map(({ hops }) => hops.map(({ cluster }) => cluster))

test('the topology has its routers by cluster, and each link once', () => {
  const { self, clusters, routers, links, omitted } = topologyReport(network(line()))
  expect(self).toBe(routerId(0))
  expect(clusters).toEqual(['c0', 'c1', 'c2'].map((cluster) => ({ cluster, reachable: true })))
  expect(routers.map(({ cluster, reachable }) => [cluster, reachable])).toEqual([
    ['c0', true],
    ['c1', true],
    ['c2', true],
  ])
  expect(links.map(({ routers: ends }) => ends)).toEqual([
    [routerId(0), routerId(1)],
    [routerId(1), routerId(2)],
  ])
  expect(links[0]).toMatchObject({ cost: 1, roundTripMs: 1 })
  expect(omitted).toBe(0)
})

test('what is known and cut off is told as unreachable', () => {
  const topology = line()
  const lost = [router(3), { ...router(4), cluster: 'c2', draining: true }]
  const known = { topology, lost, reachable: ['c1', 'old'], exporting: ['c0', 'c2', 'far', 'old'] }
  const { clusters, routers } = topologyReport(known)
  expect(clusters.filter(({ reachable }) => reachable).map(({ cluster }) => cluster)).toEqual([
    'c0',
    'c1',
    'c2',
    'old',
  ])
  expect(clusters.filter(({ reachable }) => !reachable).map(({ cluster }) => cluster)).toEqual(['c3', 'far'])
  expect(routers.filter(({ reachable }) => !reachable)).toEqual([
    { ...router(4), cluster: 'c2', draining: true, reachable: false },
    { ...router(3), reachable: false },
  ])
})

test('a lost router is not told of when it is back, or another has its name', () => {
  const successor = { ...router(9), name: 'router-1', cluster: 'c1' }
  const lost = [router(1), successor]
  expect(topologyReport({ ...network(line()), lost }).routers.map(({ id }) => id)).toEqual(
    [0, 1, 2].map(routerId),
  )
})

test('a topology too large for a document says how much is left out', () => {
  const report = topologyReport(network(line()), { clusters: 2, routers: 2, links: 1 })
  expect([report.clusters.length, report.routers.length, report.links.length]).toEqual([2, 2, 1])
  expect(report).toMatchObject({ omitted: 3 })
})

test('a path names each hop with its link, and adds up', () => {
  const report = traceReport('demo/web', [explainable(http('c2'))], {
    topology: line(),
    wayTo: () => Way.relayed,
  })
  expect([report.router.cluster, report.service]).toEqual(['c0', 'demo/web'])
  const [candidate] = report.ports[0]?.tiers[0] ?? []
  expect(candidate).toMatchObject({ cluster: 'c2', chosen: true, local: false, way: 'Relayed', openFlows: 3 })
  expect(candidate?.paths).toEqual([
    {
      cost: 2,
      roundTripMs: 2,
      hops: [
        { router: routerId(1), name: 'router-1', cluster: 'c1', cost: 1, roundTripMs: 1 },
        { router: routerId(2), name: 'router-2', cluster: 'c2', cost: 1, roundTripMs: 1 },
      ],
    },
  ])
})

test('paths of equal cost are all told', () => {
  const fan = viewOf(
    advertisement(0, [1, 2]),
    advertisement(1, [0, 9]),
    advertisement(2, [0, 9]),
    advertisement(9, [1, 2]),
  )
  const [candidate] = candidates(fan, Way.relayed, 'c9')
  expect(clustersOf(candidate?.paths)).toEqual([
    ['c1', 'c9'],
    ['c2', 'c9'],
  ])
})

test('over a data connection it is our own link that is told, also where relays would be cheaper', () => {
  const dear = [routerId(2), 9, 1] as const
  const cheap = [routerId(1), 1, 1] as const
  const triangle = viewOf(
    advertisement(0, [], { neighbours: [cheap, dear] }),
    advertisement(1, [0, 2]),
    advertisement(2, [], { neighbours: [[routerId(0), 9, 1], cheap] }),
  )
  const [direct] = candidates(triangle, Way.direct, 'c2')
  expect(direct?.paths).toMatchObject([{ cost: 9, hops: [{ cluster: 'c2', cost: 9 }] }])
  const [relayed] = candidates(triangle, Way.relayed, 'c2')
  expect(clustersOf(relayed?.paths)).toEqual([['c1', 'c2']])
})

test('relayed flows do not take the link whose data connection is lost', () => {
  expect(candidates(line(), Way.relayed, 'c1')[0]?.paths).toEqual([])
})

test('flows to backends of the own cluster and to clusters without a topology have no hops', () => {
  const [own, unknown] = candidates(line(), Way.direct, 'c0', 'old')
  expect(own).toMatchObject({ local: true, paths: [] })
  expect(own).not.toHaveProperty('way')
  expect(unknown).toMatchObject({ local: false, way: 'Direct', paths: [] })
})

test('clusters that are not taken, affinity and endpoints are told', () => {
  const port: ExplainedPort = {
    ...http('c1'),
    affinityMs: 10_000,
    refused: [{ cluster: 'c2', ready: 4, refusal: 'Unreachable', awaited: true }],
  }
  const endpoint = { cluster: 'c1', awaited: false, openFlows: 0 }
  const headless: ExplainedPort = {
    ...http(),
    tiers: [],
    headless: {
      clusters: ['c0', 'c1'],
      endpoints: [
        { ...endpoint, id: 'web-0', openFlows: 2 },
        { ...endpoint, id: 'web-1', refusal: 'NotReady' },
      ],
      omitted: 0,
    },
  }
  const traced = { topology: line(), wayTo: () => Way.direct }
  const [first, second] = traceReport('demo/web', [port, headless].map(explainable), traced).ports
  expect(first).toMatchObject({
    name: 'http',
    affinitySeconds: 10,
    refused: [{ cluster: 'c2', reason: 'Unreachable', awaited: true, ready: 4 }],
  })
  expect(first).not.toHaveProperty('endpoints')
  expect(second).toMatchObject({
    tiers: [],
    endpoints: [
      { cluster: 'c0', local: true, endpoints: [] },
      {
        cluster: 'c1',
        local: false,
        paths: [{ hops: [{ cluster: 'c1' }] }],
        endpoints: [
          { id: 'web-0', takesFlows: true, openFlows: 2 },
          { id: 'web-1', takesFlows: false, reason: 'NotReady' },
        ],
      },
    ],
  })
})

test('a trace too large for a document says how much is left out, and computes nothing of that', () => {
  const asked: number[] = []
  const ids = ['a', 'b', 'c']
  const headless: ExplainablePort = {
    ...explainable(http()),
    explain: (max) => {
      asked.push(max)
      const all = ids.map((id) => ({ cluster: 'c1', id, awaited: false, openFlows: 0 }))
      const endpoints = all.slice(0, max)
      const omitted = all.length - endpoints.length
      return { ...http(), tiers: [], headless: { clusters: ['c1'], endpoints, omitted } }
    },
  }
  const ports = [explainable(http('c1', 'c2', 'c3')), headless, headless, explainable(http('c1'))]
  const traced = { topology: line(), wayTo: () => Way.direct }
  const told = (clusters: number, endpoints: number, most = 9) => {
    const report = traceReport('demo/web', ports, traced, { ports: most, clusters, endpoints })
    const counts = report.ports.map((port) =>
      port.endpoints === undefined ? port.tiers.flat().length : (port.endpoints[0]?.endpoints.length ?? 0),
    )
    return { counts, omitted: report.omitted }
  }
  expect(told(9, 9)).toEqual({ counts: [3, 3, 3, 1], omitted: 0 })
  expect(told(9, 9, 2)).toEqual({ counts: [3, 3], omitted: 2 })
  expect(told(2, 9)).toEqual({ counts: [2], omitted: 4 })
  asked.splice(0)
  expect(told(9, 2)).toEqual({ counts: [3, 2], omitted: 3 })
  expect(asked).toEqual([2])
})

/** The documents of a router that imports demo/web with three ports. */
function documents() {
  const asked: string[] = []
  const dns = { ...http('c1'), name: '', port: 53 }
  const explain = (service: string) => {
    asked.push(service)
    return service === 'demo/web'
      ? [http('c1'), dns, { ...dns, protocol: 'UDP' as const }].map(explainable)
      : []
  }
  const all = networkReports({
    network: {
      topology: new Snapshot(line()),
      lostRouters: [router(3)],
      directory: new Snapshot(directoryOf({ far: 1 })),
      peers: { reachable: () => ['c1'], wayTo: () => Way.direct },
    },
    explain,
  })
  return { asked, get: (path: string, query = '') => all.get(path)?.(new URLSearchParams(query)) }
}

test('the documents are served by path, with the service in the query', () => {
  const { asked, get } = documents()
  const clusters = ['c0', 'c1', 'c2', 'c3', 'far'].map((cluster) => ({ cluster }))
  expect(get('/topology')).toMatchObject({ status: 200, value: { clusters } })
  expect(get('/trace', 'namespace=demo&name=web')?.value).toMatchObject({ ports: [{ port: 80 }, {}, {}] })
  expect(get('/trace', 'namespace=demo&name=none')).toMatchObject({ status: 200, value: { ports: [] } })
  expect(get('/trace', 'namespace=demo&name=none&port=80')).toMatchObject({ value: { ports: [] } })
  expect(get('/trace', 'name=web')?.status).toBe(400)
  expect(asked).toEqual(['demo/web', 'demo/none', 'demo/none'])
})

test.each([
  ['http', ['80/TCP']],
  ['80', ['80/TCP']],
  ['53', ['53/TCP', '53/UDP']],
  ['', ['80/TCP', '53/TCP', '53/UDP']],
])('port=%s chooses %j', (port, expected) => {
  const { value } = documents().get('/trace', `namespace=demo&name=web&port=${port}`) ?? {}
  const { ports } = value as TraceReport
  expect(ports.map((each) => `${each.port}/${each.protocol}`)).toEqual(expected)
})

test('a port that the import does not have is refused with those it has', () => {
  const { get } = documents()
  expect(get('/trace', 'namespace=demo&name=web&port=grpc')).toEqual({
    status: 404,
    value: {
      error: 'demo/web has no port grpc in this cluster: it has http (80/TCP), 53/TCP, 53/UDP',
    },
  })
  expect(get('/trace', 'namespace=demo&name=web&port=a%20b')?.status).toBe(400)
})
