import { beforeAll, describe, expect, test } from '@jest/globals'
import { silentLogger } from '../../../src/core/log.ts'
import { TrustStore } from '../../../src/link/trust-store.ts'
import { createAuthority, type KeyPair } from '../../../src/pki/certificates.ts'
import { readCertificates } from '../../../src/pki/chain.ts'
import { createClusterAuthority } from '../../../src/pki/cluster-authority.ts'
import { type Revocation, type SignedStatement, signStatement } from '../../../src/pki/trust-statement.ts'
import { leafUnder } from '../../support/clusterset.ts'

const CLUSTERSET = 'test-set'
const MINUTE = 60_000
const own = { clusterset: CLUSTERSET, cluster: 'west', role: 'router' } as const

let root: KeyPair
let next: KeyPair
let stranger: KeyPair
let west: KeyPair
let east: KeyPair

beforeAll(async () => {
  root = await createAuthority({ commonName: 'root', days: 1 })
  next = await createAuthority({ commonName: 'next', days: 1 })
  stranger = await createAuthority({ commonName: 'root', days: 1 })
  west = await leafUnder(await authority('west'), 'west')
  east = await leafUnder(await authority('east'), 'east')
})

function authority(cluster: string, by: KeyPair = root, revokedAt?: number): Promise<KeyPair> {
  return createClusterAuthority(by, { clusterset: CLUSTERSET, cluster, days: 1, revokedAt })
}

function said(
  version: number,
  {
    revoked = [],
    roots = [root],
    by = [root],
  }: { revoked?: Revocation[]; roots?: KeyPair[]; by?: KeyPair[] } = {},
): SignedStatement {
  const pems = roots.map(({ certPem }) => certPem)
  return signStatement({ clusterset: CLUSTERSET, version, roots: pems, revoked }, by)
}

function storeOf(): TrustStore {
  const store = new TrustStore({ logger: silentLogger })
  store.setOwn(own, west.certPem, root.certPem)
  return store
}

const admit = (store: TrustStore, chain: KeyPair) => store.admit(readCertificates(chain.certPem), Date.now())
const gone = (store: TrustStore) => [...store.standing.current().gone]

describe('statements', () => {
  test('the highest version counts, whatever the order', () => {
    const store = storeOf()
    expect(store.offer(said(2))).toBe('newer')
    expect(store.offer(said(1))).toBe('known')
    expect(store.offer(said(2))).toBe('known')
    expect(store.offer(said(3))).toBe('newer')
    expect(store.statement?.version).toBe(3)
  })

  test('what no trusted root signed is refused, also under the name of one', () => {
    const store = storeOf()
    expect(store.offer(said(1, { by: [stranger] }))).toBe('refused')
    expect(store.offer({ ...said(1), statement: said(2).statement })).toBe('refused')
    expect(store.newest.current()).toBeUndefined()
  })

  test('one of another clusterset, or that cannot be read, is refused', () => {
    const store = storeOf()
    const other = { clusterset: 'other', version: 1, roots: [root.certPem], revoked: [] }
    expect(store.offer(signStatement(other, [root]))).toBe('refused')
    expect(store.offer(signStatement({ ...other, version: 0 }, [root]))).toBe('refused')
  })

  test('nothing is taken before it is known who we are', () => {
    const store = new TrustStore({ logger: silentLogger })
    expect(store.offer(said(1))).toBe('refused')
    expect(() => admit(store, east)).toThrow()
  })

  test('listeners hear of a statement before anybody is sent away for it', () => {
    const store = storeOf()
    const heard: string[] = []
    store.newest.subscribe(() => heard.push('newest'))
    store.standing.subscribe(() => heard.push('standing'))
    store.anchors.subscribe(() => heard.push('anchors'))
    store.offer(said(1, { revoked: [{ cluster: 'east', at: Date.now() }] }))
    expect(heard).toEqual(['newest', 'standing', 'anchors'])
  })
})

describe('roots', () => {
  test('a new root is trusted as soon as an old one says so, and then speaks for itself', async () => {
    const store = storeOf()
    const member = await leafUnder(await authority('east', next), 'east')
    expect(() => admit(store, member)).toThrow('no root')
    store.offer(said(1, { roots: [next, root] }))
    expect(admit(store, member).identity.cluster).toBe('east')
    expect(store.bundle).toContain(next.certPem.trim())
    expect(store.offer(said(2, { roots: [next], by: [next] }))).toBe('newer')
  })

  test('a stored statement is taken by its own roots, one of a peer is not', () => {
    const later = said(3, { roots: [next], by: [next] })
    expect(storeOf().offer(later)).toBe('refused')
    expect(storeOf().load(JSON.stringify(later))).toBe('newer')
    expect(() => storeOf().load('{')).toThrow('not JSON')
  })
})

describe('revocation', () => {
  test('voids what a cluster had until then, and not what it got later', async () => {
    const store = storeOf()
    const at = Date.now() - MINUTE / 10
    const before = admit(store, east)
    store.offer(said(1, { revoked: [{ cluster: 'east', at }] }))
    expect(store.isVoid({ ...before.identity, since: before.since })).toBe(true)
    expect(() => admit(store, east)).toThrow('was revoked')
    expect(gone(store)).toEqual(['east'])
    const again = await leafUnder(await authority('east', root, at), 'east')
    expect(admit(store, again).identity.cluster).toBe('east')
    expect(gone(store)).toEqual([])
    expect(() => admit(store, east)).toThrow('was revoked')
    expect(gone(store)).toEqual([])
  })

  test('says which cluster was revoked, when and by which statement', () => {
    const store = storeOf()
    const { identity, since } = admit(store, east)
    store.offer(said(7, { revoked: [{ cluster: 'east', at: Date.UTC(2126, 1, 3, 4, 5, 6) }] }))
    const why = 'cluster east was revoked at 2126-02-03T04:05:06Z by trust statement 7'
    expect(store.whyParted('east')).toBe(why)
    expect(() => admit(store, east)).toThrow(why)
    expect(store.isStated({ ...identity, since })).toBe(true)
  })

  test('says a time that no date can say', () => {
    const store = storeOf()
    store.offer(said(1, { revoked: [{ cluster: 'east', at: Number.MAX_SAFE_INTEGER }] }))
    expect(store.whyParted('east')).toContain('was revoked at +275760-09-13T00:00:00Z')
  })

  test('is no statement where a cluster has left', () => {
    const store = storeOf()
    const { identity, since } = admit(store, east)
    store.offer(said(1))
    store.setLeft(true)
    expect(store.isVoid({ ...identity, since })).toBe(true)
    expect(store.isStated({ ...identity, since })).toBe(false)
  })

  test('a cluster that had shown its new certificate before we heard of the revocation is not gone', async () => {
    const store = storeOf()
    const at = Date.now() - MINUTE / 10
    admit(store, await leafUnder(await authority('east', root, at), 'east'))
    store.offer(said(1, { revoked: [{ cluster: 'east', at }] }))
    expect(gone(store)).toEqual([])
  })

  test('a statement that says that it was invited again brings it back for those who have not seen it', () => {
    const store = storeOf()
    const at = Date.now()
    store.offer(said(1, { revoked: [{ cluster: 'east', at }] }))
    store.offer(said(2, { revoked: [{ cluster: 'east', at, readmitted: true }] }))
    expect(gone(store)).toEqual([])
    expect(() => admit(store, east)).toThrow('was revoked')
  })

  test('a second revocation ends what came after the first', async () => {
    const store = storeOf()
    const at = Date.now() - MINUTE / 10
    const again = await leafUnder(await authority('east', root, at), 'east')
    admit(store, again)
    store.offer(said(1, { revoked: [{ cluster: 'east', at: Date.now() + MINUTE }] }))
    expect(() => admit(store, again)).toThrow('was revoked')
    expect(gone(store)).toEqual(['east'])
  })

  test('of our own cluster parts us from all others, and not from our own processes', () => {
    const store = storeOf()
    const peer = admit(store, east)
    store.offer(said(1, { revoked: [{ cluster: 'west', at: Date.now() }] }))
    const standing = store.standing.current()
    expect([standing.isSelfGone, [...standing.gone]]).toEqual([true, []])
    expect(store.isVoid({ ...peer.identity, since: peer.since })).toBe(true)
    expect([standing.parts('east', 'west'), standing.parts('west', 'west')]).toEqual([true, false])
    expect(() => admit(store, east)).toThrow(
      /cluster west was revoked at .*Z by trust statement 1, and that is this cluster/,
    )
    expect(admit(store, west).identity.cluster).toBe('west')
  })

  test('our own old certificate is no good once we were invited again', async () => {
    const store = storeOf()
    const at = Date.now() - MINUTE / 10
    store.offer(said(1, { revoked: [{ cluster: 'west', at }] }))
    const renewed = await leafUnder(await authority('west', root, at), 'west')
    store.setOwn(own, renewed.certPem, root.certPem)
    expect(store.standing.current().isSelfGone).toBe(false)
    expect(admit(store, east).identity.cluster).toBe('east')
    expect(() => admit(store, west)).toThrow('was revoked')
  })

  test('leaving parts us from all others until we stay', () => {
    const store = storeOf()
    const peer = admit(store, east)
    const since = { ...peer.identity, since: peer.since }
    store.setLeft(true)
    expect([store.isVoid(since), store.standing.current().isSelfGone]).toEqual([true, true])
    expect(() => admit(store, east)).toThrow('this cluster has left its clusterset')
    store.setLeft(false)
    expect([store.isVoid(since), store.standing.current().isSelfGone]).toEqual([false, false])
  })
})
