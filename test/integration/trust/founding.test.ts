/** A cluster that founds a clusterset: its keys, certificates and what is said of them, against an embedded API. */
import { afterEach, expect, test } from '@jest/globals'
import { Resource } from '../../../src/api/resources.ts'
import { TrustSecret } from '../../../src/api/trust.ts'
import { readCertificates, verifyChain } from '../../../src/pki/chain.ts'
import { createRoot } from '../../../src/pki/clusterset-root.ts'
import { eventually } from '../../support/eventually.ts'
import { type TrustCluster, TrustWorld } from '../../support/trust-world.ts'

const HOUR = 3_600_000

let world: TrustWorld
afterEach(() => world[Symbol.asyncDispose]())

async function founder(spec = {}): Promise<TrustCluster> {
  world = new TrustWorld()
  const east = await world.cluster('east', { found: true, ...spec })
  await eventually(async () => (await east.condition('Ready')).startsWith('True'), { within: 60_000 })
  return east
}

async function leaf(cluster: TrustCluster) {
  const [certificate] = await cluster.routerChain()
  if (certificate === undefined) throw new Error('there is no leaf')
  return certificate
}

test('a Trust that founds, applied by itself, makes root, authority and leaves, and members trust them', async () => {
  const east = await founder()
  const { roots } = await east.authority()
  const anchors = { clusterset: 'shop', roots: readCertificates(roots) }
  const now = Date.now()
  const { identity } = verifyChain(await east.routerChain(), anchors, now)
  expect(identity).toEqual({ clusterset: 'shop', cluster: 'east', role: 'router' })
  expect(east.tls.current().identity.role).toBe('controller')
  const { status } = await east.trust()
  expect(status).toMatchObject({ role: 'founder', cluster: 'east', clusterset: 'shop', statement: 1 })
  expect(status?.members?.map(({ cluster }) => cluster)).toEqual(['east'])
  expect(await east.condition('CertificatesValid')).toBe('True Valid: ')
  const life = (await leaf(east)).validToDate.getTime() - now
  expect(life).toBeGreaterThan(23 * HOUR)
  expect(life).toBeLessThanOrEqual(24 * HOUR)
})

test('keys are in Secrets and nowhere else', async () => {
  const east = await founder()
  const { key } = await east.authority()
  const secretParts = key.split('\n').filter((line) => line.length > 30)
  const told = JSON.stringify([
    await east.trust(),
    east.events,
    await east.metrics.text(),
    east.facts.current(),
  ])
  expect(secretParts.filter((part) => told.includes(part))).toEqual([])
  expect(told).not.toContain('PRIVATE')
})

test('a leaf is renewed at two thirds of its life, and when it is asked for', async () => {
  const east = await founder()
  const first = await leaf(east)
  await world.advance(14 * HOUR)
  await eventually(async () => (await east.trust()).status?.conditions !== undefined)
  expect((await leaf(east)).raw).toEqual(first.raw)
  await world.advance(2 * HOUR + 1_000)
  const second = await eventually(async () => otherThan(first.raw, await leaf(east)))
  const controllers = east.tls.current().certificate
  await east.change({ rotate: { leaves: 1 } })
  await eventually(async () => otherThan(second.raw, await leaf(east)))
  await eventually(() => east.tls.current().certificate !== controllers)
  const { status } = await east.trust()
  expect(status?.members).toHaveLength(1)
})

test('a Secret that was deleted or put wrong is put right', async () => {
  const east = await founder()
  const ref = { namespace: 'fairlead-system', name: TrustSecret.router }
  const first = await leaf(east)
  await east.client.delete(Resource.secret, ref)
  const second = await eventually(async () => otherThan(first.raw, await leaf(east)))
  const data = { 'tls.key': Buffer.from('nonsense').toString('base64') }
  await east.client.patch(Resource.secret, ref, 'merge', { data })
  await eventually(async () => otherThan(second.raw, await leaf(east)))
})

test('the authority is renewed by its own root, and leaves with it', async () => {
  const east = await founder({ authorityTtl: '10h', leafTtl: '1h' })
  const before = await east.authority()
  await world.advance(7 * HOUR)
  await eventually(async () => (await east.authority()).certificate !== before.certificate)
  const { certificate, statement } = await east.authority()
  expect(statement).toBe(before.statement)
  await eventually(async () => (await east.routerChain())[1]?.toString() === certificate)
  await east.change({ rotate: { authority: 1 } })
  await eventually(async () => (await east.authority()).certificate !== certificate)
})

test('a root that is brought is used; a broken one gets one condition that says what is wrong', async () => {
  world = new TrustWorld()
  const east = await world.cluster('east')
  const [mine, other] = [
    await createRoot({ clusterset: 'shop', days: 30 }),
    await createRoot({ clusterset: 'shop', days: 30 }),
  ]
  const ref = { namespace: 'fairlead-system', name: TrustSecret.root }
  const data = (certPem: string, keyPem: string) => ({
    'tls.crt': Buffer.from(certPem).toString('base64'),
    'tls.key': Buffer.from(keyPem).toString('base64'),
  })
  const secret = { metadata: ref, type: 'kubernetes.io/tls', data: data(mine.certPem, other.keyPem) }
  await east.client.create(Resource.secret, secret)
  await east.client.create(Resource.trust, {
    metadata: { namespace: 'fairlead-system', name: 'clusterset' },
    spec: { found: true },
  } as never)
  await eventually(async () => {
    expect(await east.condition('CertificatesValid')).toBe(
      'False Invalid: the key beside Secret fairlead-root, tls.crt is of another certificate',
    )
  })
  await east.client.patch(Resource.secret, ref, 'merge', { data: data(mine.certPem, mine.keyPem) })
  await eventually(async () => (await east.condition('Ready')).startsWith('True'))
  const { status } = await east.trust()
  expect(status?.root?.renewAt).toBeUndefined()
  await world.advance(25 * 24 * HOUR)
  await eventually(async () => {
    expect(await east.condition('CertificatesValid')).toContain('False ExpiresSoon: the root ends at')
  })
})

test('a root that was lost is not made anew in silence', async () => {
  const east = await founder()
  await east.client.delete(Resource.secret, { namespace: 'fairlead-system', name: TrustSecret.root })
  await eventually(async () => {
    expect(await east.condition('Ready')).toContain('False Invalid: Secret fairlead-root is gone')
  })
  expect(await east.secret(TrustSecret.root)).toBeUndefined()
})

test('when each certificate ends is a metric', async () => {
  const east = await founder()
  await eventually(async () => {
    const text = await east.metrics.text()
    for (const what of ['root', 'authority', 'router', 'controller'])
      expect(text).toMatch(new RegExp(`fairlead_certificate_expiry_seconds\\{what="${what}"\\} [0-9]+\n`))
  })
})

function otherThan<T extends { readonly raw: Buffer }>(raw: Buffer, found: T): T {
  if (found.raw.equals(raw)) throw new Error('it is still the same')
  return found
}

test('a root that has ended is said to have, and nothing is signed by it over and over', async () => {
  const east = await founder({ rootTtl: '10h', authorityTtl: '10h', leafTtl: '1h' })
  await east.change({ rootTtl: '10h' })
  await world.advance(11 * HOUR)
  await eventually(async () => {
    expect(await east.condition('CertificatesValid')).toContain(
      'False Expired: the root in Secret fairlead-root',
    )
  })
  const issued = east.events.filter((event) => event.startsWith('AuthorityIssued')).length
  await east.nudge()
  await eventually(async () => (await east.condition('Ready')).startsWith('False Expired'))
  expect(east.events.filter((event) => event.startsWith('AuthorityIssued'))).toHaveLength(issued)
})
