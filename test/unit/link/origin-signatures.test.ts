/** Whose word about a cluster is taken, and whose is not. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { OriginState } from '../../../src/api/service-record.ts'
import { type Logger, silentLogger } from '../../../src/core/log.ts'
import { createMetrics, type Metrics } from '../../../src/core/metrics.ts'
import { Snapshot } from '../../../src/core/snapshot.ts'
import { REFUSAL_LOG_MS } from '../../../src/link/limits.ts'
import { OriginSignatures } from '../../../src/link/origin-signatures.ts'
import { createAuthority } from '../../../src/pki/certificates.ts'
import { readCertificates, type TrustAnchors } from '../../../src/pki/chain.ts'
import { createClusterAuthority } from '../../../src/pki/cluster-authority.ts'
import { issueLeaf } from '../../../src/pki/clusterset-root.ts'
import { Signer, SigningContext } from '../../../src/pki/signatures.ts'
import { TestClusterset, uriOf } from '../../support/clusterset.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { record, sample, stateOf } from '../../support/network.ts'
import { credentialsIn, type SignOrigin, signingAs, signingWith } from '../../support/signed-origins.ts'

const DAY_MS = 86_400_000
const SET = 'test-set'

let set: TestClusterset
let anchors: Snapshot<TrustAnchors>
let clock: FakeClock
let signEast: SignOrigin

beforeAll(async () => {
  set = await TestClusterset.create()
  anchors = new Snapshot<TrustAnchors>({ clusterset: SET, roots: readCertificates(set.root.certPem) })
  clock = new FakeClock(Date.now())
  signEast = await signingAs(set, 'east')
})

afterAll(async () => {
  await set[Symbol.asyncDispose]()
})

function reader(logger: Logger = silentLogger, metrics: Metrics = createMetrics()) {
  const signer = { sign: () => ({ chain: [], value: '' }) }
  return new OriginSignatures({ clock, logger, metrics, anchors, signer })
}

const EAST = stateOf('east', 1, 1, ['a'])

function reasonFor(state: OriginState): string | undefined {
  return reader().verify(state)?.reason
}

test('what the controller or a router of the cluster signed is believed', async () => {
  expect(reasonFor(signEast(EAST))).toBeUndefined()
  expect(reasonFor((await signingAs(set, 'east', 'router'))(EAST))).toBeUndefined()
})

test('a chain over the authority of the cluster is as good as one from the root', async () => {
  const rules = { clusterset: SET, cluster: 'east', days: 1 }
  const authority = await createClusterAuthority(set.root, rules)
  const leaf = await issueLeaf(authority, {
    clusterset: SET,
    cluster: 'east',
    role: 'controller',
    dnsNames: [],
  })
  const signer = new Signer({ certificate: leaf.certPem + authority.certPem, key: leaf.keyPem })
  const ours = new OriginSignatures({
    clock,
    logger: silentLogger,
    metrics: createMetrics(),
    anchors,
    signer,
  })
  expect(reasonFor(ours.sign(EAST))).toBeUndefined()
  const north = ours.sign({ ...EAST, cluster: 'north' })
  expect(reasonFor(north)).toBe('signer')
})

test('nothing of what was signed can be changed', () => {
  const told = signEast({ ...EAST, facts: { missingNamespaces: ['x'] } })
  const changes: Partial<OriginState>[] = [
    { epoch: 2 },
    { sequence: 2 },
    { facts: {} },
    { records: new Map() },
    { records: new Map([['demo/a', record('a', { exportedAt: '2020-01-01T00:00:00Z' })]]) },
  ]
  for (const change of changes) expect(reasonFor({ ...told, ...change })).toBe('forged')
})

test('a signature for one cluster is no good for another', () => {
  expect(reasonFor({ ...signEast(EAST), cluster: 'west' })).toBe('forged')
})

test('others may not sign for a cluster', async () => {
  expect(reasonFor((await signingAs(set, 'west'))(EAST))).toBe('signer')
  expect(reasonFor((await signingAs(set, 'east', 'agent'))(EAST))).toBe('signer')
})

test('no signature is none', () => {
  expect(reader().verify(EAST)).toMatchObject({ reason: 'missing', isForgery: true })
})

test('what was signed for another purpose is no good', async () => {
  const tls = await credentialsIn(await set.tlsDir('east', 'controller'))
  const data = Buffer.from('')
  const signature = new Signer(tls).sign(SigningContext.flow, data)
  expect(reasonFor({ ...EAST, signature })).toBe('forged')
})

test.each<[string, (signature: { chain: readonly string[]; value: string }) => object]>([
  ['an empty chain', ({ value }) => ({ chain: [], value })],
  ['a chain of no certificates', ({ value }) => ({ chain: ['AAAA'], value })],
  ['a chain that is too long', ({ chain, value }) => ({ chain: [...chain, ...chain, ...chain], value })],
  ['no signature', ({ chain }) => ({ chain, value: '' })],
  ['a signature of another length', ({ chain }) => ({ chain, value: 'AAAA' })],
])('%s is refused', (_what, change) => {
  const { signature } = signEast(EAST)
  if (signature === undefined) throw new Error('not signed')
  const state = { ...EAST, signature: change(signature) } as OriginState
  expect(['untrusted', 'forged']).toContain(reasonFor(state))
})

test('a certificate that has ended, or of another root, says nothing of whoever passes it on', async () => {
  const uris = [uriOf('east', 'controller')]
  const old = await signingWith(await set.folder({ uris }, set.root, Date.now() - 2 * DAY_MS))
  expect(reader().verify(old(EAST))).toMatchObject({ reason: 'expired', isForgery: false })
  const other = await createAuthority({ commonName: 'other root', days: 1 })
  const foreign = await signingWith(await set.folder({ uris }, other))
  expect(reader().verify(foreign(EAST))).toMatchObject({ reason: 'untrusted', isForgery: false })
})

test('a cluster that was revoked is not believed from then on, though it was before', () => {
  const signatures = reader()
  const before = anchors.current()
  expect(signatures.verify(signEast(EAST))).toBeUndefined()
  anchors.set({ ...before, revokedAt: (cluster) => (cluster === 'east' ? Date.now() : undefined) })
  expect(signatures.verify(signEast(EAST))).toMatchObject({ reason: 'revoked', isForgery: false })
  anchors.set(before)
})

test('each refusal is counted, and each kind logged once in a while', async () => {
  const lines: unknown[] = []
  const metrics = createMetrics()
  const signatures = reader({ ...silentLogger, warn: (fields) => void lines.push(fields['reason']) }, metrics)
  for (let times = 0; times < 20; times += 1) signatures.verify(EAST)
  signatures.verify({ ...signEast(EAST), epoch: 9 })
  await clock.advance(REFUSAL_LOG_MS)
  signatures.verify(EAST)
  expect(lines).toEqual(['missing', 'forged', 'missing'])
  const name = 'fairlead_directory_signatures_refused_total'
  expect(await sample(metrics, `${name}{reason="missing"}`)).toBe(21)
  expect(await sample(metrics, `${name}{reason="forged"}`)).toBe(1)
})
