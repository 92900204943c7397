/** Authorities renewed over the mesh and roots that take each other's place, with real controllers in each cluster. */
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { readCertificates, type TrustAnchors, verifyChain } from '../../../src/pki/chain.ts'
import { anchorsOf, StatementReader } from '../../../src/pki/trust-statement.ts'
import { registerMember } from '../../../src/trust/members.ts'
import { eventually } from '../../support/eventually.ts'
import { type TrustCluster, TrustWorld } from '../../support/trust-world.ts'

const DAY = 24 * 3_600_000

let world: TrustWorld
let east: TrustCluster
beforeEach(async () => {
  world = new TrustWorld()
  east = await world.cluster('east', { found: true })
  await isReady(east)
}, 60_000)
afterEach(() => world[Symbol.asyncDispose]())

async function isReady(cluster: TrustCluster): Promise<void> {
  await eventually(async () => (await cluster.condition('Ready')).startsWith('True'), { within: 60_000 })
  await eventually(() => cluster.hasCertificate)
}

async function member(name: string): Promise<TrustCluster> {
  const cluster = await world.member(name, east)
  await isReady(cluster)
  return cluster
}

/** Fails unless each cluster's routers are believed by every cluster, by what is in its Secrets. */
async function allTrustAll(): Promise<void> {
  const now = world.clock.now()
  for (const from of world.clusters.values()) {
    const chain = await from.routerChain()
    for (const to of world.clusters.values()) verifyChain(chain, await anchors(to), now)
  }
}

async function anchors(cluster: TrustCluster): Promise<TrustAnchors> {
  const { roots, statement } = await cluster.authority()
  const trusted = { clusterset: 'shop', roots: readCertificates(roots) }
  const reader = new StatementReader()
  return statement === undefined ? trusted : anchorsOf(reader.read(reader.decode(statement), trusted))
}

async function signers(): Promise<string[]> {
  const found = [...world.clusters.values()].map(
    async (cluster) => (await cluster.trust()).status?.root?.sha256,
  )
  return (await Promise.all(found)).map((each) => each ?? '')
}

test('a member has no Trust until it is one, and gets a status then', async () => {
  const west = await member('west')
  expect((await west.trust()).status).toMatchObject({ role: 'member', cluster: 'west' })
  expect((await east.trust()).status?.members?.map(({ cluster }) => cluster)).toEqual(['east', 'west'])
})

test('an authority is renewed over the mesh, with a new key, and nothing is left over', async () => {
  const west = await member('west')
  const before = await west.authority()
  await world.advance(250 * DAY)
  const after = await eventually(async () => {
    const found = await west.authority()
    expect(found.certificate).not.toBe(before.certificate)
    return found
  })
  expect(after.key).not.toBe(before.key)
  await eventually(() => {
    expect(west.facts.current().renewal).toBeUndefined()
    expect(east.facts.current().renewed).toBeUndefined()
  })
  await allTrustAll()
  const members = (await east.trust()).status?.members ?? []
  const [certificate] = readCertificates(after.certificate)
  expect(members.find(({ cluster }) => cluster === 'west')?.serial).toBe(
    certificate?.serialNumber.toLowerCase(),
  )
})

test('with the founder away nothing stops; the condition says until when; it goes on once it is back', async () => {
  const west = await member('west')
  world.cut('east')
  const before = await west.authority()
  await world.advance(290 * DAY)
  await eventually(async () => {
    expect(await west.condition('CertificatesValid')).toContain('False FounderAway')
    expect(await west.condition('Ready')).toContain('True')
  })
  const now = world.clock.now()
  await eventually(async () => verifyChain(await west.routerChain(), await anchors(west), now))
  expect((await west.authority()).certificate).toBe(before.certificate)
  world.heal('east')
  await world.advance(1)
  await eventually(async () => expect((await west.authority()).certificate).not.toBe(before.certificate))
  await eventually(async () => expect(await west.condition('CertificatesValid')).toBe('True Valid: '))
})

test('a new root takes the place of the old one while all trust each other all the time', async () => {
  await member('west')
  await member('north')
  const [before] = await signers()
  await east.change({ rotate: { root: 1 } })
  let isOver = false
  const watching = (async () => {
    while (!isOver) await allTrustAll()
  })()
  await eventually(
    async () => {
      expect(new Set(await signers()).size).toBe(1)
      expect((await signers())[0]).not.toBe(before)
      expect(await east.condition('RootRotating')).toBe('False NoRotation: ')
    },
    { within: 60_000 },
  )
  isOver = true
  await watching
  const roots = await Promise.all(
    [...world.clusters.values()].map(async (each) => (await each.authority()).roots),
  )
  await eventually(async () => {
    for (const cluster of world.clusters.values())
      expect(readCertificates((await cluster.authority()).roots)).toHaveLength(1)
  })
  expect(roots[0]).not.toBe('')
  expect((await east.secret('fairlead-root'))?.data?.['old.key']).toBeUndefined()
}, 90_000)

test('a member that is away holds the rotation up by name, and takes part once it is back', async () => {
  const west = await member('west')
  world.cut('west')
  await east.change({ rotate: { root: 1 } })
  await eventually(async () => {
    expect(await east.condition('RootRotating')).toContain('True Spreading')
    expect(await east.condition('RootRotating')).toContain(': west')
  })
  await allTrustAll()
  world.heal('west')
  await eventually(async () => expect(await east.condition('RootRotating')).toContain('False'), {
    within: 30_000,
  })
  await eventually(async () => expect(readCertificates((await west.authority()).roots)).toHaveLength(1))
  await allTrustAll()
}, 60_000)

test('a revocation is told to all, kept by all, and the revoked cluster gets no new authority', async () => {
  const west = await member('west')
  const north = await member('north')
  const at = new Date(world.clock.now()).toISOString()
  await east.change({ revoked: [{ cluster: 'north', at }] })
  await eventually(async () => {
    const chain = await north.routerChain()
    const trusted = await anchors(west)
    expect(() => verifyChain(chain, trusted, world.clock.now())).toThrow('north was revoked')
  })
  const before = await north.authority()
  await world.advance(250 * DAY)
  await eventually(async () => expect(await north.condition('Ready')).toContain('False Revoked'))
  expect(north.facts.current().renewal).toBeUndefined()
  await eventually(async () => expect(await west.condition('CertificatesValid')).toBe('True Valid: '))
  expect((await north.authority()).certificate).toBe(before.certificate)
  expect(east.facts.current().renewed?.map(({ cluster }) => cluster) ?? []).not.toContain('north')
}, 60_000)

test('revoking is no end: what was long ago is told no more, and the id can be invited again', async () => {
  await member('north')
  const at = new Date(world.clock.now()).toISOString()
  await east.change({ revoked: [{ cluster: 'north', at }] })
  const revoked = async () => (await anchors(east)).revokedAt?.('north')
  await eventually(async () => expect(await revoked()).toBe(Date.parse(at)))
  await eventually(async () => {
    const client = { get: east.client.get.bind(east.client), patch: east.client.patch.bind(east.client) }
    const entry = {
      cluster: 'north',
      issuedAt: '2100-01-01T00:00:00Z',
      notAfter: '2101-01-01T00:00:00Z',
      serial: '1',
    }
    const deps = { client, clock: world.clock, namespace: 'fairlead-system' }
    expect((await registerMember(deps, entry, () => false)).kind).toBe('registered')
  })
  await world.advance(366 * DAY)
  await eventually(async () => expect(await revoked()).toBeUndefined())
}, 60_000)

test('of two that want one id at once exactly one gets it', async () => {
  const deps = { client: east.client, clock: world.clock, namespace: 'fairlead-system' }
  const entry = (serial: string) => ({
    cluster: 'south',
    issuedAt: '2026-01-01T00:00:00Z',
    notAfter: '2100-01-01T00:00:00Z',
    serial,
  })
  const serials = Array.from({ length: 6 }, (_, index) => `0${index}`)
  const outcomes = await Promise.all(
    serials.map((serial) => registerMember(deps, entry(serial), () => false)),
  )
  expect(outcomes.filter(({ kind }) => kind === 'registered')).toHaveLength(1)
  expect(outcomes.filter(({ kind }) => kind === 'taken')).toHaveLength(5)
})
