import { describe, expect, test } from '@jest/globals'
import { serviceKey } from '../../../src/api/names.ts'
import type { Backend, RouteSnapshot } from '../../../src/api/route-snapshot.ts'
import { ProxyProtocol } from '../../../src/api/traffic-settings.ts'
import {
  type ClusterView,
  chooseBackend,
  chooseCluster,
  readyBackends,
  type ServiceTarget,
} from '../../../src/router/balancer.ts'
import type { Load } from '../../../src/router/load-table.ts'
import { directoryOf, ECHO, exportingEcho } from '../../support/routes.ts'

const target: ServiceTarget = { service: ECHO, protocol: 'TCP', port: 80 }
const none: RouteSnapshot['exports'] = new Map()

interface Situation {
  readonly name: string
  readonly ready?: Readonly<Record<string, number>>
  readonly reachable?: readonly string[]
  readonly exports?: RouteSnapshot['exports']
  readonly loads?: Readonly<Record<string, Load>>
  readonly tried?: readonly string[]
  readonly target?: ServiceTarget
  readonly chosen: string | undefined
}

function load(outstanding: number, lastUsed = 0): Load {
  return { outstanding, lastUsed }
}

function viewOf(situation: Situation): ClusterView {
  return {
    self: 'west',
    exports: situation.exports ?? none,
    directory: directoryOf(situation.ready ?? {}),
    reachable: situation.reachable ?? Object.keys(situation.ready ?? {}),
    loadOf: (cluster) => situation.loads?.[cluster] ?? load(0),
  }
}

const situations: readonly Situation[] = [
  { name: 'nobody exports it', chosen: undefined },
  { name: 'one cluster exports it', ready: { east: 1 }, chosen: 'east' },
  { name: 'its only exporter has no ready endpoint', ready: { east: 0 }, chosen: undefined },
  { name: 'its only exporter cannot be reached', ready: { east: 1 }, reachable: [], chosen: undefined },
  { name: 'a cluster is reachable but unknown', reachable: ['east'], chosen: undefined },
  {
    name: 'the own cluster has a ready backend',
    ready: { east: 9 },
    exports: exportingEcho(1).exports,
    chosen: 'west',
  },
  {
    name: 'the own cluster exports it without a ready backend',
    ready: { east: 1 },
    exports: exportingEcho().exports,
    chosen: 'east',
  },
  {
    name: 'the own cluster was tried',
    ready: { east: 1 },
    exports: exportingEcho(1).exports,
    tried: ['west'],
    chosen: 'east',
  },
  { name: 'all were tried', ready: { east: 1, south: 1 }, tried: ['east', 'south'], chosen: undefined },
  {
    name: 'one has fewer outstanding flows',
    ready: { east: 1, south: 1 },
    loads: { east: load(3), south: load(2) },
    chosen: 'south',
  },
  {
    name: 'one has fewer outstanding flows for each endpoint',
    ready: { east: 4, south: 1 },
    loads: { east: load(7), south: load(2) },
    chosen: 'east',
  },
  {
    name: 'equals: the one unused for longest',
    ready: { east: 1, south: 1 },
    loads: { east: load(2, 8), south: load(2, 5) },
    chosen: 'south',
  },
  { name: 'another port', ready: { east: 1 }, target: { ...target, port: 81 }, chosen: undefined },
  {
    name: 'the same port of another protocol',
    ready: { east: 1 },
    target: { ...target, protocol: 'UDP' },
    chosen: undefined,
  },
  {
    name: 'the own record comes back in the directory',
    ready: { west: 1 },
    chosen: undefined,
  },
]

describe('choosing a cluster', () => {
  test.each(situations)('$name: $chosen', (situation) => {
    expect(chooseCluster(viewOf(situation), situation.target ?? target, situation.tried ?? [])).toBe(
      situation.chosen,
    )
  })
})

describe('choosing a backend', () => {
  const a: Backend = { address: '10.244.0.5', port: 8080, ready: true, serving: true }
  const b: Backend = { address: '10.244.0.6', port: 8080, ready: true, serving: true }
  const loads = new Map([
    [a, load(1)],
    [b, load(0, 9)],
  ])
  const loadOf = (backend: Backend): Load => loads.get(backend) ?? load(0)

  test('takes the one with the fewest outstanding flows', () => {
    expect(chooseBackend([a, b], loadOf, [])).toBe(b)
  })

  test('takes no backend twice, however the snapshot was rebuilt', () => {
    expect(chooseBackend([a, b], loadOf, [{ ...b }])).toBe(a)
    expect(chooseBackend([a, b], loadOf, [a, b])).toBeUndefined()
  })
})

describe('ready backends', () => {
  test('are undefined for what is not exported and empty when none is ready', () => {
    expect(readyBackends(none, target)).toBeUndefined()
    expect(readyBackends(exportingEcho(1).exports, { ...target, port: 81 })).toBeUndefined()
    expect(readyBackends(exportingEcho(1).exports, { ...target, protocol: 'UDP' })).toBeUndefined()
    expect(readyBackends(exportingEcho().exports, target)).toEqual([])
  })

  test('leave out what is not ready', () => {
    const backends = [
      { address: '10.0.0.1', port: 1, ready: false, serving: false },
      { address: '10.0.0.2', port: 1, ready: true, serving: true },
    ]
    const exports = new Map([
      [
        serviceKey('demo', 'echo'),
        [{ protocol: 'TCP' as const, port: 80, backends, proxyProtocol: ProxyProtocol.none }],
      ],
    ])
    expect(readyBackends(exports, target)).toEqual([backends[1]])
  })
})
