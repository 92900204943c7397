/** Clusters that are revoked, leave, and are invited again, against embedded APIs. */
import { afterEach, expect, test } from '@jest/globals'
import type { LinkResource } from '../../../src/api/link.ts'
import { SYSTEM_NAMESPACE } from '../../../src/api/names.ts'
import { Resource } from '../../../src/api/resources.ts'
import { TrustSecret } from '../../../src/api/trust.ts'
import { eventually } from '../../support/eventually.ts'
import { type TrustCluster, TrustWorld } from '../../support/trust-world.ts'

const MINUTE = 60_000
const SLOWLY = { within: 60_000 }

let world: TrustWorld
afterEach(() => world[Symbol.asyncDispose]())

async function pair(): Promise<{ east: TrustCluster; west: TrustCluster }> {
  world = new TrustWorld()
  const east = await world.cluster('east', { found: true })
  await eventually(async () => (await east.condition('Ready')).startsWith('True'), SLOWLY)
  const west = await world.member('west', east)
  await eventually(async () => (await west.condition('Ready')).startsWith('True'), SLOWLY)
  return { east, west }
}

const gone = ({ tls }: TrustCluster) => [...tls.trust.standing.current().gone]

test('who is in the list of the founder is revoked by the next statement, which members keep', async () => {
  const { east, west } = await pair()
  await east.change({ revoked: [{ cluster: 'south', at: new Date(world.clock.now()).toISOString() }] })
  for (const cluster of [east, west]) await eventually(() => expect(gone(cluster)).toEqual(['south']), SLOWLY)
  await eventually(async () => expect((await west.authority()).statement).toContain('south'))
  expect(west.tls.trust.statement?.version).toBe(2)
}, 120_000)

test('a cluster that leaves tells so, loses links and keys, and is revoked by the founder', async () => {
  const { east, west } = await pair()
  const link = { metadata: { namespace: SYSTEM_NAMESPACE, name: 'east' } }
  await west.client.create<LinkResource>(Resource.link, {
    ...link,
    spec: { endpoints: [{ host: 'east.example.com', port: 5671 }] },
  } as LinkResource)
  await west.change({ leave: true })
  await eventually(() => expect(west.facts.current()).toEqual({ left: expect.any(Number) }), SLOWLY)
  await eventually(() => expect(gone(east)).toEqual(['west']), SLOWLY)
  await eventually(async () => expect(await west.condition('Ready')).toContain('False Left: '), SLOWLY)
  for (const name of [TrustSecret.authority, TrustSecret.router])
    expect(await west.secret(name)).toBeUndefined()
  expect(await west.client.get(Resource.link, link.metadata)).toBeUndefined()
  expect(west.tls.trust.standing.current().isSelfGone).toBe(true)
  const { spec } = await east.trust()
  expect(spec?.revoked?.map(({ cluster }) => cluster)).toEqual(['west'])
  expect(east.events).toContain('ClusterLeft: cluster west has left, and is revoked')
}, 120_000)

test('leaving does not hang on the founder', async () => {
  const { east, west } = await pair()
  world.cut('east')
  await west.change({ leave: true })
  await eventually(async () => expect(await west.condition('Ready')).toContain('False Left: '), SLOWLY)
  expect(await west.secret(TrustSecret.authority)).toBeUndefined()
  expect(gone(east)).toEqual([])
  world.heal('east')
  await eventually(() => expect(gone(east)).toEqual(['west']), SLOWLY)
}, 120_000)

test('who left and is invited again stays, and everybody hears that it is back', async () => {
  const { east, west } = await pair()
  await west.change({ leave: true })
  await eventually(async () => expect(await west.condition('Ready')).toContain('False Left: '), SLOWLY)
  await eventually(() => expect(gone(east)).toEqual(['west']), SLOWLY)
  // Certificates begin some minutes before they are made.
  await world.advance(10 * MINUTE)
  await west.take(await east.admit('west', world.clock))
  await eventually(async () => expect(await west.condition('Ready')).toContain('True Member: '), SLOWLY)
  expect((await west.trust()).spec?.leave).toBeUndefined()
  expect(west.facts.current().left).toBeUndefined()
  await eventually(() => expect(gone(east)).toEqual([]), SLOWLY)
  expect(east.tls.trust.statement?.revoked).toMatchObject([{ cluster: 'west', readmitted: true }])
  await eventually(() => expect(west.tls.trust.standing.current().isSelfGone).toBe(false), SLOWLY)
}, 120_000)
