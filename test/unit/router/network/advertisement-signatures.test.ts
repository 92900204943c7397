/** What a router says of itself holds only as it said it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { MAX_PROOF } from '../../../../src/api/limits.ts'
import type { Neighbour, RouterAdvertisement } from '../../../../src/api/router-advertisement.ts'
import { systemClock } from '../../../../src/core/clock.ts'
import { silentLogger } from '../../../../src/core/log.ts'
import { Snapshot } from '../../../../src/core/snapshot.ts'
import { readCertificates, type TrustAnchors } from '../../../../src/pki/chain.ts'
import { Signer, SigningContext } from '../../../../src/pki/signatures.ts'
import { AdvertisementSignatures } from '../../../../src/router/network/advertisement-signatures.ts'
import { changeBetween, changed } from '../../../../src/router/topology/advertisement.ts'
import { TestClusterset } from '../../../support/clusterset.ts'
import { credentialsIn } from '../../../support/signed-origins.ts'
import { advertisement, routerId } from '../../../support/topology-world.ts'

let set: TestClusterset
let anchors: Snapshot<TrustAnchors>
let west: AdvertisementSignatures

beforeAll(async () => {
  set = await TestClusterset.create()
  anchors = new Snapshot<TrustAnchors>({ clusterset: 'test-set', roots: readCertificates(set.root.certPem) })
  west = await signaturesOf('west')
})

afterAll(async () => {
  await set[Symbol.asyncDispose]()
})

async function signaturesOf(cluster: string, role: 'router' | 'controller' = 'router') {
  const signer = new Signer(await credentialsIn(await set.tlsDir(cluster, role)))
  return new AdvertisementSignatures({ clock: systemClock, logger: silentLogger, anchors, signer })
}

const WORDS = advertisement(1, [2, 3], { cluster: 'west', sequence: 5 })
const neighbour = (number: number): Neighbour => [routerId(number), 1, 1]

test('what a router of the cluster signed is its own words, and fits where it has to', () => {
  const signed = west.sign(WORDS)
  expect(west.verify(signed)).toBe(true)
  expect(signed.proof?.length).toBeLessThanOrEqual(MAX_PROOF)
})

test.each<[string, Partial<RouterAdvertisement>]>([
  ['another router', { router: routerId(7) }],
  ['another name', { name: 'other' }],
  ['another cluster', { cluster: 'north' }],
  ['another sequence', { sequence: 6 }],
  ['draining', { draining: true }],
  ['a neighbour more', { neighbours: [neighbour(2), neighbour(3), neighbour(4)] }],
  ['a neighbour less', { neighbours: [neighbour(2)] }],
  ['another cost', { neighbours: [[routerId(2), 9, 1], neighbour(3)] }],
  ['another round trip', { neighbours: [[routerId(2), 1, 9], neighbour(3)] }],
  ['no proof', { proof: '' }],
  ['a proof of nothing', { proof: 'AAAA BBBB CCCC' }],
])('with %s it is not', (_what, change) => {
  expect(west.verify({ ...west.sign(WORDS), ...change })).toBe(false)
})

test("unsigned words are nobody's", () => {
  expect(west.verify(WORDS)).toBe(false)
})

test('only routers speak, and only for their cluster', async () => {
  const north = await signaturesOf('north')
  const controller = await signaturesOf('west', 'controller')
  expect([west.verify(north.sign(WORDS)), west.verify(controller.sign(WORDS))]).toEqual([false, false])
})

test('what was signed for another purpose is not taken', async () => {
  const signer = new Signer(await credentialsIn(await set.tlsDir('west')))
  const { router, name, cluster, sequence, draining, neighbours } = WORDS
  const said = Buffer.from(
    JSON.stringify(['test-set', router, name, cluster, sequence, draining, neighbours]),
  )
  const shown = signer.sign(SigningContext.flow, said)
  expect(west.verify({ ...WORDS, proof: [shown.value, ...shown.chain].join(' ') })).toBe(false)
})

test('who was told the change has words that hold', () => {
  const before = west.sign(WORDS)
  const after = west.sign({ ...WORDS, sequence: 6, neighbours: [neighbour(2), neighbour(3), neighbour(4)] })
  const change = changeBetween(before, after, 0)
  if (change === undefined) throw new Error('no change')
  expect(west.verify(changed(before, change))).toBe(true)
  expect(west.verify(changed(before, { ...change, upserts: [neighbour(5)] }))).toBe(false)
})
