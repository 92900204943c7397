/** What a router says about new flows is what it does with them: in memory, with real sockets at the ends. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { RouteSnapshot } from '../../../src/api/route-snapshot.ts'
import type { Directory } from '../../../src/api/service-record.ts'
import { Locality } from '../../../src/api/traffic-settings.ts'
import { eventually } from '../../support/eventually.ts'
import { type MemoryLink, MemoryWorld, type WorldRouter, withTraffic } from '../../support/memory-world.ts'
import {
  directoryOf,
  ECHO,
  endpointDirectory,
  exportingEcho,
  exportingEndpoints,
  exportingNothing,
  importingEcho,
  importingEndpoint,
} from '../../support/routes.ts'
import { dial, readAll, serve } from '../../support/tcp.ts'

/** Endpoints that are looked at. */
const MAX = 100

let world: MemoryWorld
let west: WorldRouter
let links: Record<'east' | 'south', MemoryLink>
const owned: AsyncDisposable[] = []

beforeEach(async () => {
  world = new MemoryWorld()
  west = await world.router('west', importingEcho)
  links = { east: await linked('east'), south: await linked('south') }
})

afterEach(async () => {
  for (const part of owned.splice(0).reverse()) await part[Symbol.asyncDispose]()
  await world[Symbol.asyncDispose]()
})

/** A cluster whose backend says its name, joined with west. */
async function linked(cluster: string): Promise<MemoryLink> {
  const backend = await serve((socket) => socket.end(cluster))
  owned.push(backend)
  return world.link(['west', west], [cluster, await world.router(cluster, exportingEcho(backend.port))])
}

/** All that is told of demo/echo. */
const explained = () => west.dataPath.explain(ECHO).map(({ explain }) => explain(MAX))

/** The clusters of the port, `*` the chosen one; then those that are left out. */
function told(): string {
  const [port] = explained()
  const tiers = (port?.tiers ?? []).map((tier) =>
    tier.map(({ cluster, chosen, ready }) => `${chosen ? '*' : ''}${cluster}(${ready})`).join(' '),
  )
  const refused = (port?.refused ?? []).map(
    ({ cluster, refusal, awaited }) => `${cluster} ${refusal}${awaited ? '?' : ''}`,
  )
  return [tiers.join(' > '), ...refused].join('; ')
}

async function answer(): Promise<string> {
  const port = west.dataPath.listenPort(ECHO, 80)
  if (port === undefined) return 'closed'
  const client = await dial(port)
  client.end()
  return (await readAll(client)).toString()
}

/** Whoever is chosen by what is told answers the next client. */
async function agrees(): Promise<void> {
  const chosen = /\*(\w+)/.exec(told())?.[1] ?? 'closed'
  // The port is bound soon.
  await eventually(async () => expect(await answer()).toBe(chosen))
}

interface Situation {
  readonly directory: Directory
  readonly routes?: RouteSnapshot
  readonly told: string
}

const own = { ...importingEcho, exports: exportingEcho(1).exports }
const situations: Readonly<Record<string, Situation>> = {
  'one of two is ready': { directory: directoryOf({ east: 0, south: 2 }), told: '*south(2); east NotReady' },
  'nobody is ready': { directory: directoryOf({ east: 0 }), told: '; east NotReady' },
  'one cannot be reached': { directory: directoryOf({ east: 1, far: 3 }), told: '*east(1); far Unreachable' },
  'the order of failover': {
    directory: directoryOf({ east: 1, south: 1 }),
    routes: withTraffic(importingEcho, { locality: Locality.failover, failover: ['south'] }),
    told: '*south(1) > east(1)',
  },
  'weight 0': {
    directory: directoryOf({ east: 1, south: 1 }),
    routes: withTraffic(importingEcho, { weights: new Map([['east', 0]]) }),
    told: '*south(1) > east(1)',
  },
  'flows that stay at home, where nobody is': {
    directory: directoryOf({ east: 1 }),
    routes: withTraffic(importingEcho, { locality: Locality.requireLocal }),
    told: '; east RequireLocal',
  },
}

test.each(Object.entries(situations))('%s: so it is told, and so flows go', async (_name, situation) => {
  west.routes.set(situation.routes ?? importingEcho)
  world.directory.set(situation.directory)
  expect(told()).toBe(situation.told)
  await agrees()
  await agrees()
})

test('the own cluster comes first, and says why others do not', () => {
  west.routes.set(own)
  world.directory.set(directoryOf({ west: 1, east: 1 }))
  expect(told()).toBe('*west(1) > east(1)')
  const [port] = explained()
  expect(port?.tiers[1]?.[0]).toMatchObject({ cluster: 'east', behind: 'PreferLocal' })
})

test('a cluster that was lost a moment ago is one that new flows wait for', async () => {
  world.directory.set(directoryOf({ east: 1, south: 0 }))
  links.east.lose()
  expect(told()).toBe('; east Unreachable?; south NotReady')
  links.east.restore()
  expect(told()).toBe('*east(1); south NotReady')
  await agrees()
})

test('with session affinity no cluster is said to be next', () => {
  const listeners = importingEcho.listeners.map((spec) => ({ ...spec, affinity: { timeoutMs: 60_000 } }))
  west.routes.set({ ...importingEcho, listeners })
  world.directory.set(directoryOf({ east: 1, south: 1 }))
  expect(told()).toBe('east(1) south(1)')
  expect(explained()).toMatchObject([{ affinityMs: 60_000 }])
})

test('ports have the names of the exports, and a service that is not imported has none', () => {
  world.directory.set(directoryOf({ east: 1 }))
  expect(west.dataPath.explain(ECHO)).toMatchObject([{ name: 'tcp', port: 80, protocol: 'TCP' }])
  expect(west.dataPath.explain('demo/none')).toEqual([])
  west.routes.set(exportingNothing)
  expect(west.dataPath.explain(ECHO)).toEqual([])
})

describe('a headless service', () => {
  const WEB_0 = { cluster: 'east', id: 'web-0' }

  /** The endpoints of its TCP port. */
  function endpoints(): readonly string[] {
    const port = explained().find(({ protocol }) => protocol === 'TCP')
    return (port?.headless?.endpoints ?? []).map(
      ({ cluster, id, refusal = 'open', awaited }) => `${cluster}/${id} ${refusal}${awaited ? '?' : ''}`,
    )
  }

  /** Its port is bound, or closed, soon. */
  const opens = (expected: boolean) =>
    eventually(() => expect(west.dataPath.listenPort(ECHO, 80, 'TCP', WEB_0) !== undefined).toBe(expected))

  beforeEach(() => {
    west.routes.set({
      ...importingEndpoint('east', 'web-0'),
      exports: exportingEndpoints({ mine: 1 }).exports,
    })
  })

  test('has each endpoint, by the cluster it lies in', () => {
    const east = [{ id: 'web-0' }, { id: 'web-10' }, { id: 'web-9', unready: true as const }]
    world.directory.set(endpointDirectory({ east, south: [] }))
    expect(endpoints()).toEqual([
      'east/web-0 open',
      'east/web-9 NotReady',
      'east/web-10 NoAddress',
      'west/mine open',
    ])
    expect(explained()[0]).toMatchObject({
      name: 'tcp',
      tiers: [],
      refused: [],
      headless: { clusters: ['east', 'south', 'west'], omitted: 0 },
    })
    const [port] = west.dataPath.explain(ECHO)
    const { endpoints: some, omitted } = port?.explain(1).headless ?? {}
    expect([some?.map(({ id }) => id), omitted]).toEqual([['web-0'], 3])
  })

  test.each<[string, Directory, string]>([
    ['takes flows', endpointDirectory({ east: [{ id: 'web-0' }] }), 'open'],
    ['is gone', endpointDirectory({ east: [] }), 'EndpointGone'],
    ['is not ready', endpointDirectory({ east: [{ id: 'web-0', unready: true }] }), 'NotReady'],
    ['does not serve the port', endpointDirectory({ east: [{ id: 'web-0', ports: [1] }] }), 'PortMissing'],
    ['is exported no longer', endpointDirectory({}), 'NotExported'],
  ])('says of an endpoint that it %s as its port does', async (_name, directory, expected) => {
    world.directory.set(directory)
    expect(endpoints()).toContain(`east/web-0 ${expected}`)
    await opens(expected === 'open')
  })

  test('says of an endpoint whose link was lost that flows wait for it', async () => {
    world.directory.set(endpointDirectory({ east: [{ id: 'web-0' }] }))
    links.east.lose()
    expect(endpoints()).toContain('east/web-0 Unreachable?')
    await opens(true)
  })

  test('is imported without an endpoint anywhere where its namespace is, as the controller tells', () => {
    const [facts, none] = [{ missingNamespaces: ['demo'] }, endpointDirectory({ east: [] })]
    const state = { cluster: 'west', epoch: 1, sequence: 1, records: new Map() }
    const portsWith = (directory: Directory) => {
      world.directory.set(directory)
      return west.dataPath.explain(ECHO).map(({ protocol }) => protocol)
    }
    west.routes.set(exportingNothing)
    expect(portsWith(none)).toEqual([])
    expect(portsWith(new Map([...none, ['west', { ...state, facts }]]))).toEqual([])
    expect(portsWith(new Map([...none, ['west', { ...state, facts: {} }]]))).toEqual(['TCP', 'UDP'])
  })
})
