import { expect, test } from '@jest/globals'
import { Snapshot } from '../../../../src/core/snapshot.ts'
import { networkReports } from '../../../../src/router/network/reports.ts'
import { topologyReport } from '../../../../src/router/network/topology-report.ts'
import { type ExplainedPort, traceReport } from '../../../../src/router/network/trace-report.ts'
import { advertisement, routerId, viewOf } from '../../../support/topology-world.ts'

/** 0, 1, 2 in a line. */
const line = () => viewOf(advertisement(0, [1]), advertisement(1, [0, 2]), advertisement(2, [1]))

const explained = (cluster: string, chosen = false) => ({
  cluster,
  chosen,
  standby: false,
  weight: 1,
  openFlows: 3,
})
const http = (...clusters: readonly string[]): ExplainedPort => ({
  port: 80,
  protocol: 'TCP',
  tiers: [clusters.map((cluster, index) => explained(cluster, index === 0))],
})

test('the topology has its routers by cluster, and each link once', () => {
  const { self, routers, links, omitted } = topologyReport(line())
  expect(self).toBe(routerId(0))
  expect(routers.map(({ cluster }) => cluster)).toEqual(['c0', 'c1', 'c2'])
  expect(links.map(({ routers: ends }) => ends)).toEqual([
    [routerId(0), routerId(1)],
    [routerId(1), routerId(2)],
  ])
  expect(links[0]).toMatchObject({ cost: 1, roundTripMs: 1 })
  expect(omitted).toBe(0)
})

test('a topology too large for a document says how much is left out', () => {
  const report = topologyReport(line(), { routers: 2, links: 1 })
  expect(report.routers).toHaveLength(2)
  expect(report).toMatchObject({ omitted: 2 })
})

test('a path names each hop with its link, and adds up', () => {
  const { router, service, ports } = traceReport('demo/web', [http('c2')], line())
  expect([router.cluster, service]).toEqual(['c0', 'demo/web'])
  const [candidate] = ports[0]?.tiers[0] ?? []
  expect(candidate).toMatchObject({ cluster: 'c2', chosen: true, local: false, openFlows: 3 })
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
  const [candidate] = traceReport('demo/web', [http('c9')], fan).ports[0]?.tiers[0] ?? []
  expect(candidate?.paths.map(({ hops }) => hops.map(({ cluster }) => cluster))).toEqual([
    ['c1', 'c9'],
    ['c2', 'c9'],
  ])
})

test('flows to backends of the own cluster and to clusters without a topology have no hops', () => {
  const [own, unknown] = traceReport('demo/web', [http('c0', 'old')], line()).ports[0]?.tiers[0] ?? []
  expect(own).toMatchObject({ local: true, paths: [] })
  expect(unknown).toMatchObject({ local: false, paths: [] })
})

test('the documents are served by path, with the service in the query', () => {
  const asked: string[] = []
  const explain = (service: string) => {
    asked.push(service)
    return service === 'demo/web' ? [http('c1')] : []
  }
  const documents = networkReports({ topology: new Snapshot(line()), explain })
  const get = (path: string, query = '') => documents.get(path)?.(new URLSearchParams(query))
  expect(get('/topology')).toEqual({ status: 200, value: topologyReport(line()) })
  expect(get('/trace', 'namespace=demo&name=web')?.value).toMatchObject({ ports: [{ port: 80 }] })
  expect(get('/trace', 'namespace=demo&name=none')).toMatchObject({ status: 200, value: { ports: [] } })
  expect(get('/trace', 'name=web')?.status).toBe(400)
  expect(asked).toEqual(['demo/web', 'demo/none'])
})
