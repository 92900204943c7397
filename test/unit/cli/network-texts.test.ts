import { expect, test } from '@jest/globals'
import type { TopologyReport, TracedPort, TraceReport } from '../../../src/api/network-report.ts'
import { readyRouter } from '../../../src/cli/network/router-report.ts'
import { topologyText } from '../../../src/cli/network/topology-text.ts'
import { traceText } from '../../../src/cli/network/trace-text.ts'

const router = (cluster: string, changes: { draining?: boolean; reachable?: boolean } = {}) => ({
  id: `id-${cluster}`,
  name: 'router-0',
  cluster,
  draining: false,
  reachable: true,
  ...changes,
})

const known = (reachable: boolean, ...clusters: readonly string[]) =>
  clusters.map((cluster) => ({ cluster, reachable }))

test('the picture has each router under its cluster, with the links it has', () => {
  const report: TopologyReport = {
    self: 'id-a',
    clusters: known(true, 'a', 'b', 'c'),
    routers: [router('a'), router('b'), router('c', { draining: true })],
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
  expect(topologyText({ ...report, omitted: 4 })).toContain('and 4 more clusters, routers and links\n')
})

test('the picture names what is known and cut off', () => {
  const report: TopologyReport = {
    self: 'id-a',
    clusters: [...known(true, 'a'), ...known(false, 'b', 'far'), ...known(true, 'old')],
    routers: [router('a'), router('b', { draining: true, reachable: false })],
    links: [],
    omitted: 0,
  }
  expect(topologyText(report)).toBe(`a
  router-0   (tells this)
b   unreachable
  router-0   (drains, unreachable)
far   unreachable
old
  takes flows; none of its routers is in the topology
`)
})

const hop = (cluster: string, cost?: number) => ({
  router: `id-${cluster}`,
  name: 'router-0',
  cluster,
  ...(cost === undefined ? {} : { cost, roundTripMs: 1 }),
})
const candidate = {
  chosen: false,
  local: false,
  standby: false,
  ready: 1,
  weight: 1,
  openFlows: 0,
  paths: [],
}
const port: TracedPort = { name: '', port: 80, protocol: 'TCP', tiers: [], refused: [] }
const trace = (...ports: readonly TracedPort[]): TraceReport => ({
  router: router('a'),
  service: 'demo/web',
  ports,
  omitted: 0,
})

test('a trace has the clusters by preference, and the hops of each path', () => {
  const paths = [{ cost: 2, roundTripMs: 2, hops: [hop('b', 1), hop('c')] }]
  const first = { ...candidate, cluster: 'c', chosen: true, ready: 3, weight: 3, openFlows: 2, paths }
  const report = trace(
    {
      ...port,
      name: 'http',
      tiers: [
        [first],
        [
          { ...candidate, cluster: 'a', local: true, standby: true, behind: 'Failover' },
          { ...candidate, cluster: 'old', way: 'Direct', behind: 'Failover' },
        ],
        [{ ...candidate, cluster: 'off', way: 'Relayed', standby: true, behind: 'ZeroWeight' }],
      ],
    },
    { ...port, port: 53, protocol: 'UDP' },
  )
  expect(traceText(report)).toBe(`demo/web http 80/TCP, from a/router-0
  * c   next flow, 3 ready, weight 3, 2 open
    path 1: cost 2   2 ms
      -> b/router-0   cost 1   1 ms
      -> c/router-0   lost
  - a   choice 2: by the order of locality Failover, standby, 1 ready, weight 1, 0 open
    in this cluster: no hop
  - old   choice 2: by the order of locality Failover, 1 ready, weight 1, 0 open
    over a data connection; the topology has no link of this router there
  - off   choice 3: weight 0, standby, 1 ready, weight 1, 0 open
    over other routers; the topology has no path
demo/web 53/UDP, from a/router-0
  no cluster takes new flows now
`)
  expect(traceText({ ...report, omitted: 2 })).toContain('and 2 more ports, clusters and endpoints')
})

test('a trace says why clusters are not taken', () => {
  const refused = (cluster: string, reason: TracedPort['refused'][number]['reason'], ready = 0) => ({
    cluster,
    reason,
    ready,
    awaited: false,
  })
  const report = trace({
    ...port,
    refused: [
      refused('b', 'Unreachable', 2),
      { ...refused('c', 'Unreachable', 1), awaited: true },
      refused('d', 'NotReady'),
      refused('e', 'PortMissing'),
      refused('f', 'RequireLocal', 1),
      refused('g', 'Draining', 1),
      refused('h', 'NotAllowed'),
    ],
  })
  expect(traceText(report)).toBe(`demo/web 80/TCP, from a/router-0
  no cluster takes new flows now
  x b   not taken: cannot be reached, 2 ready as last told
  x c   not taken: cannot be reached since a moment ago: new flows wait for it, 1 ready as last told
  x d   not taken: no ready endpoint
  x e   not taken: without this port
  x f   not taken: flows stay in the own cluster (locality RequireLocal), 1 ready as last told
  x g   not taken: its routers, or those on every way there, take no new flows, 1 ready as last told
  x h   not taken: its ServicePolicies let no client of this cluster call the service
`)
})

test('a trace of a service with session affinity claims no next flow', () => {
  const tiers = [[{ ...candidate, cluster: 'a', local: true }]]
  expect(traceText(trace({ ...port, affinitySeconds: 600, tiers }))).toBe(`demo/web 80/TCP, from a/router-0
  session affinity: a client stays with its cluster for 600 s after its last new flow; that of a new client hangs on its address
  - a   1 ready, weight 1, 0 open
    in this cluster: no hop
`)
})

test('a trace of a headless service has each endpoint under its cluster', () => {
  const endpoint = { takesFlows: true, awaited: false, openFlows: 0 }
  const report = trace({
    ...port,
    endpoints: [
      {
        cluster: 'a',
        local: true,
        paths: [],
        endpoints: [{ ...endpoint, id: 'web-0' }],
      },
      {
        cluster: 'b',
        local: false,
        way: 'Direct',
        paths: [{ cost: 1, roundTripMs: 1, hops: [hop('b', 1)] }],
        endpoints: [
          { ...endpoint, id: 'web-0', openFlows: 3 },
          { ...endpoint, id: 'web-1', takesFlows: false, reason: 'NotReady' },
        ],
      },
      {
        cluster: 'c',
        local: false,
        way: 'None',
        paths: [],
        endpoints: [{ ...endpoint, id: 'web-0', takesFlows: false, reason: 'Unreachable' }],
      },
    ],
  })
  expect(traceText(report)).toBe(`demo/web 80/TCP, from a/router-0   (headless)
  a   1 of 1 endpoints take new flows
    in this cluster: clients reach them at their own addresses, past the routers
    - web-0   takes new flows
  b   1 of 2 endpoints take new flows
    path 1: cost 1   1 ms
      -> b/router-0   cost 1   1 ms
    - web-0   takes new flows, 3 open
    x web-1   not ready
  c   0 of 1 endpoints take new flows
    no path is known
    x web-0   cannot be reached
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
