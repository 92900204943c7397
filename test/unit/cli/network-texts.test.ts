import { expect, test } from '@jest/globals'
import type { TopologyReport, TraceReport } from '../../../src/api/network-report.ts'
import { readyRouter } from '../../../src/cli/network/router-report.ts'
import { topologyText } from '../../../src/cli/network/topology-text.ts'
import { traceText } from '../../../src/cli/network/trace-text.ts'

const router = (cluster: string, draining = false) => ({
  id: `id-${cluster}`,
  name: 'router-0',
  cluster,
  draining,
})

test('the picture has each router under its cluster, with the links it has', () => {
  const report: TopologyReport = {
    self: 'id-a',
    routers: [router('a'), router('b'), router('c', true)],
    links: [
      { routers: ['id-a', 'id-b'], cost: 1, roundTripMs: 2 },
      { routers: ['id-b', 'id-c'], cost: 10, roundTripMs: 40 },
    ],
    omitted: 0,
  }
  expect(topologyText(report)).toBe(`a
  router-0   (tells this)
    └─ b/router-0   cost 1   2 ms
b
  router-0
    ├─ a/router-0   cost 1   2 ms
    └─ c/router-0   cost 10   40 ms
c
  router-0   (drains)
    └─ b/router-0   cost 10   40 ms
`)
  expect(topologyText({ ...report, omitted: 4 })).toContain('and 4 more routers and links\n')
})

test('a trace has the clusters by preference, and the hops of each path', () => {
  const hop = (cluster: string, cost?: number) => ({
    router: `id-${cluster}`,
    name: 'router-0',
    cluster,
    ...(cost === undefined ? {} : { cost, roundTripMs: 1 }),
  })
  const candidate = { chosen: false, local: false, standby: false, weight: 1, openFlows: 0, paths: [] }
  const report: TraceReport = {
    router: router('a'),
    service: 'demo/web',
    ports: [
      {
        port: 80,
        protocol: 'TCP',
        tiers: [
          [
            {
              ...candidate,
              cluster: 'c',
              chosen: true,
              openFlows: 2,
              paths: [{ cost: 2, roundTripMs: 2, hops: [hop('b', 1), hop('c')] }],
            },
          ],
          [
            { ...candidate, cluster: 'a', local: true, standby: true },
            { ...candidate, cluster: 'old' },
          ],
        ],
      },
      { port: 53, protocol: 'UDP', tiers: [] },
    ],
  }
  expect(traceText(report)).toBe(`demo/web 80/TCP, from a/router-0
  * c   next flow, weight 1, 2 open
    path 1: cost 2   2 ms
      -> b/router-0   cost 1   1 ms
      -> c/router-0   lost
  - a   choice 2, standby, weight 1, 0 open
    in this cluster: no hop
  - old   choice 2, weight 1, 0 open
    its routers tell no topology: over a direct link
demo/web 53/UDP, from a/router-0
  no cluster takes new flows now
`)
})

test('a ready router is asked, the same each time; without one it is said what to do', () => {
  const pod = (name: string, status: 'True' | 'False') => ({
    metadata: { name },
    status: { conditions: [{ type: 'Ready', status, reason: '', message: '', lastTransitionTime: '' }] },
  })
  expect(readyRouter([pod('c', 'True'), pod('a', 'False'), pod('b', 'True')])).toBe('b')
  expect(() => readyRouter([pod('a', 'False')])).toThrow('no router of this cluster is ready')
  expect(() => readyRouter([])).toThrow('fairlead install')
})
