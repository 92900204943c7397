/** Routers that tell what they may pass on, and that nobody has signed: real routers, TLS and certificates. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import type { OriginState } from '../../../src/api/service-record.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import { OriginPublisher } from '../../../src/exporter/origin-publisher.ts'
import { deltaBetween } from '../../../src/link/directory-replica.ts'
import { TLS_RELOAD_MS } from '../../../src/link/limits.ts'
import { PROTOCOL } from '../../../src/link/messages.ts'
import { issueCertificate } from '../../../src/pki/certificates.ts'
import { readCertificates } from '../../../src/pki/chain.ts'
import type { Role } from '../../../src/pki/identity.ts'
import { Signer } from '../../../src/pki/signatures.ts'
import { AdvertisementSignatures } from '../../../src/router/network/advertisement-signatures.ts'
import { TestClusterset, uriOf, writeTlsFiles } from '../../support/clusterset.ts'
import { eventually } from '../../support/eventually.ts'
import {
  linkTo,
  record,
  sample,
  startClient,
  startNetwork,
  stateOf,
  type TestNetwork,
} from '../../support/network.ts'
import { credentialsIn, messageOf, signingAs, signingWith } from '../../support/signed-origins.ts'
import { type ScriptedPeer, scriptedPeer, tlsSocket } from '../../support/stranger.ts'

let set: TestClusterset
let east: TestNetwork
let west: TestNetwork
/** Clusters are named anew in each test: what one leaves behind is known to the next. */
let north: string
let cases = 0

beforeAll(async () => {
  set = await TestClusterset.create()
  east = await startNetwork({ tlsDir: await set.tlsDir('east') })
  west = await startNetwork({ tlsDir: await set.tlsDir('west'), links: [linkTo('east', east.network.port)] })
  await eventually(() => west.network.linkStatus.current()[0]?.state.kind === 'established')
})

beforeEach(() => {
  cases += 1
  north = `north-${cases}`
})

afterAll(async () => {
  await west.network.stop()
  await east.network.stop()
  await set[Symbol.asyncDispose]()
})

/** A session of a process of `cluster` with east. */
async function speaker(cluster: string, role: Role = 'router'): Promise<ScriptedPeer> {
  const peer = scriptedPeer(await tlsSocket(east.network.port, await set.tlsDir(cluster, role)))
  const id = `${cases}`.padStart(32, role === 'router' ? 'a' : 'b')
  peer.send({ type: 'hello', id, cluster, role, version: 'test', protocol: PROTOCOL })
  peer.send({ type: 'directory-digest', last: true, origins: [] })
  return peer
}

const refused = (reason: string) =>
  sample(east.metrics, `fairlead_directory_signatures_refused_total{reason="${reason}"}`)
const known = (network: TestNetwork, cluster = north) => network.network.directory.current().get(cluster)

/** Sends it over a relay, expects that it is refused for the reason, and that the relay is heard further. */
async function expectRefused(message: object, reason: string): Promise<void> {
  const [before, state] = [await refused(reason), known(east)]
  const relay = await speaker('south')
  relay.send(message)
  await eventually(async () => expect(await refused(reason)).toBe(before + 1))
  expect(known(east)).toBe(state)
  const honest = await signingAs(set, north)
  relay.send(messageOf(honest(stateOf(north, 9, 1, ['fine']))))
  await eventually(() => expect(known(west)?.records.has('demo/fine')).toBe(true))
  expect(known(west)).toMatchObject({ epoch: 9 })
}

test('a relay cannot tell records of another cluster without a signature', async () => {
  await expectRefused(messageOf(stateOf(north, 1, 1, ['evil'])), 'missing')
})

test('a relay cannot sign for another cluster', async () => {
  const sign = await signingAs(set, 'south', 'router')
  await expectRefused(messageOf(sign(stateOf(north, 1, 1, ['evil']))), 'signer')
})

test.each<[string, (state: OriginState) => OriginState]>([
  [
    'a record',
    ({ records, ...state }) => ({ ...state, records: new Map([...records, ['demo/evil', record('evil')]]) }),
  ],
  ['the facts', (state) => ({ ...state, facts: { missingNamespaces: ['demo'] } })],
  ['the version', (state) => ({ ...state, sequence: state.sequence + 1 })],
  ['what is missing', (state) => ({ ...state, records: new Map() })],
])('a relay cannot change %s', async (_what, change) => {
  const sign = await signingAs(set, north)
  await expectRefused(messageOf(change(sign(stateOf(north, 1, 1, ['a'])))), 'forged')
})

test('a relay cannot make changes out of what it was told', async () => {
  const sign = await signingAs(set, north)
  const base = sign(stateOf(north, 1, 1, ['a']))
  const relay = await speaker('south')
  relay.send(messageOf(base))
  await eventually(() => expect(known(east)).toMatchObject({ sequence: 1 }))
  const next = { ...base, ...stateOf(north, 1, 2, ['a', 'evil']) }
  await expectRefused(deltaBetween(base, next) ?? {}, 'forged')
})

test('a cluster that tells what it has not signed is shut out', async () => {
  const unsigned = await speaker(north)
  unsigned.send(messageOf(stateOf(north, 1, 1, ['a'])))
  expect(await unsigned.closed).toBe('amqp:unauthorized-access')
  const sign = await signingAs(set, 'south', 'router')
  const foreign = await speaker(north)
  foreign.send(messageOf(sign(stateOf(north, 1, 1, ['a']))))
  expect(await foreign.closed).toBe('amqp:unauthorized-access')
  expect(known(east)).toBeUndefined()
})

test('so are our own controller and the other routers of our own cluster', async () => {
  for (const role of ['controller', 'router'] as const) {
    const own = await speaker('east', role)
    own.send(messageOf(stateOf('east', 1, 1, ['evil'])))
    expect(await own.closed).toBe('amqp:unauthorized-access')
  }
  expect(known(east, 'east')).toBeUndefined()
})

test('a cluster whose certificate has ended is not shut out for that, and is heard when it has another', async () => {
  const old = await set.folder({ uris: [uriOf(north, 'controller')] }, set.root, Date.now() - 2 * 86_400_000)
  const [stale, fresh] = [await signingWith(old), await signingAs(set, north)]
  const owner = await speaker(north)
  owner.send(messageOf(stale(stateOf(north, 1, 1, ['a']))))
  await eventually(async () => expect(await refused('expired')).toBeGreaterThan(0))
  expect(known(east)).toBeUndefined()
  owner.send(messageOf(fresh(stateOf(north, 1, 2, ['a']))))
  await eventually(() => expect(known(west)).toMatchObject({ sequence: 2 }))
})

test('a controller whose certificate is renewed signs everything again, as a newer version', async () => {
  const dir = await set.tlsDir('east', 'controller')
  const client = await startClient(dir, east.network.port)
  const records = new Snapshot(stateOf('east', 1, 1, ['a']).records)
  const publisher = new OriginPublisher(
    { link: client, records, facts: new Snapshot({}), clock: systemClock, log: silentLogger },
    'east',
  )
  await publisher.start()
  const told = () => west.network.directory.current().get('east')
  const before = await eventually(() => told() ?? Promise.reject(new Error('nothing told')))
  const uris = [uriOf('east', 'controller')]
  const leaf = await issueCertificate(set.root, {
    commonName: 'new',
    usages: ['server', 'client'],
    days: 1,
    uris,
  })
  await writeTlsFiles(dir, leaf, set.root.certPem)
  await eventually(() => expect(told()?.signature?.chain).not.toEqual(before.signature?.chain), {
    within: 4 * TLS_RELOAD_MS,
  })
  expect(told()?.sequence).toBeGreaterThan(before.sequence)
  expect(told()?.records).toEqual(before.records)
  await publisher.stop()
  await client.stop()
}, 60_000)

test('a relay cannot make up routers of another cluster, but pass on what they say', async () => {
  const anchors = { clusterset: 'test-set', roots: readCertificates(set.root.certPem) }
  const signer = new Signer(await credentialsIn(await set.tlsDir(north)))
  const signatures = new AdvertisementSignatures({
    clock: systemClock,
    logger: silentLogger,
    anchors: { current: () => anchors, subscribe: () => () => {} },
    signer,
  })
  const router = `${cases}`.padStart(32, 'c')
  const words = { router, name: north, cluster: north, sequence: 1, draining: false, neighbours: [] }
  const held = () => sample(east.metrics, 'fairlead_topology_advertisements')
  const count = () => sample(east.metrics, 'fairlead_topology_refused_total')
  const [refusedBefore, heldBefore] = [await count(), await held()]
  const relay = await speaker('south')
  const tell = (advertisement: object) =>
    relay.send({ type: 'topology', advertisements: [{ age: 0, advertisement }], changes: [] })
  tell(words)
  tell({ ...signatures.sign(words), draining: true })
  await eventually(async () => expect(await count()).toBe(refusedBefore + 2))
  tell(signatures.sign(words))
  await eventually(async () => expect(await held()).toBeGreaterThan(heldBefore))
  expect(await count()).toBe(refusedBefore + 2)
})
