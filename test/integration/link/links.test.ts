/** Links between routers: established, lost, cut, healed, refused, and told about in status. */
import { mkdir, rename, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { emptyRouteSnapshot } from '../../../src/api/route-snapshot.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { silentLogger } from '../../../src/core/log.ts'
import { CredentialFolder } from '../../../src/link/credential-folder.ts'
import { TLS_FILES } from '../../../src/link/credential-source.ts'
import type { LinkState } from '../../../src/link/link-status.ts'
import { TlsFiles } from '../../../src/link/tls-files.ts'
import { issueCertificate } from '../../../src/pki/certificates.ts'
import { TestClusterset, uriOf, writeTlsFiles } from '../../support/clusterset.ts'
import { CuttableProxy } from '../../support/cuttable-proxy.ts'
import { eventually } from '../../support/eventually.ts'
import { linkTo, type NetworkOptions, sample, startNetwork, type TestNetwork } from '../../support/network.ts'

const FAST = { intervalMs: 100, deadMs: 300 } as const

const cleanups: (() => PromiseLike<void>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function clusterset(): Promise<TestClusterset> {
  const set = await TestClusterset.create()
  cleanups.push(() => set[Symbol.asyncDispose]())
  return set
}

async function router(options: NetworkOptions): Promise<TestNetwork> {
  const started = await startNetwork({ heartbeat: FAST, ...options })
  cleanups.push(() => started.network.stop())
  return started
}

async function proxyTo(port: number): Promise<CuttableProxy> {
  const proxy = await CuttableProxy.to(port)
  cleanups.push(() => proxy[Symbol.asyncDispose]())
  return proxy
}

function stateOf({ network }: TestNetwork, index = 0): LinkState | undefined {
  return network.linkStatus.current()[index]?.state
}

async function established(side: TestNetwork): Promise<Extract<LinkState, { kind: 'established' }>> {
  return eventually(() => {
    const state = stateOf(side)
    if (state?.kind !== 'established') throw new Error(`the link is ${JSON.stringify(state)}`)
    return state
  })
}

test('an established link says who is at its other end and makes both clusters reachable to each other', async () => {
  const set = await clusterset()
  const east = await router({ tlsDir: await set.tlsDir('east'), routerId: '1'.repeat(32) })
  const west = await router({ tlsDir: await set.tlsDir('west'), links: [linkTo('east', east.network.port)] })
  expect(await established(west)).toMatchObject({ remoteCluster: 'east', remoteRouter: '1'.repeat(32) })
  expect(west.network.peers.reachable()).toEqual(['east'])
  await eventually(() => expect(east.network.peers.reachable()).toEqual(['west']))
  expect(west.network.peers.transportTo('east')?.usable).toBe(true)
  expect(west.network.peers.transportTo('north')).toBeUndefined()
  await eventually(() => expect(stateOf(west)).toMatchObject({ roundTripMs: expect.any(Number) }))
})

test('as many data connections as configured are opened', async () => {
  const set = await clusterset()
  const east = await router({ tlsDir: await set.tlsDir('east') })
  const links = [linkTo('east', east.network.port)]
  const west = await router({ tlsDir: await set.tlsDir('west'), links, dataConnections: 3 })
  await established(west)
  expect(await sample(west.metrics, 'fairlead_link_data_connections')).toBe(3)
})

test('the first endpoint that answers is used', async () => {
  const set = await clusterset()
  const east = await router({ tlsDir: await set.tlsDir('east') })
  const west = await router({
    tlsDir: await set.tlsDir('west'),
    links: [linkTo('east', 1, east.network.port)],
  })
  expect(await established(west)).toMatchObject({ endpoint: `127.0.0.1:${east.network.port}` })
})

test('a silent cut is noticed on both sides, and the link comes back when the network heals', async () => {
  const set = await clusterset()
  const east = await router({ tlsDir: await set.tlsDir('east') })
  const proxy = await proxyTo(east.network.port)
  const west = await router({ tlsDir: await set.tlsDir('west'), links: [linkTo('east', proxy.port)] })
  await established(west)
  proxy.cut()
  await eventually(() => expect(west.network.peers.reachable()).toEqual([]))
  await eventually(() => expect(east.network.peers.reachable()).toEqual([]))
  await eventually(() =>
    expect(stateOf(west)).toMatchObject({ lastError: expect.stringContaining('silent') }),
  )
  proxy.heal()
  await established(west)
  await eventually(() => expect(east.network.peers.reachable()).toEqual(['west']))
})

test('a link whose connections are reset is dialled again at once', async () => {
  const set = await clusterset()
  const east = await router({ tlsDir: await set.tlsDir('east') })
  const proxy = await proxyTo(east.network.port)
  const west = await router({ tlsDir: await set.tlsDir('west'), links: [linkTo('east', proxy.port)] })
  const before = await established(west)
  proxy.reset()
  await eventually(() => expect(stateOf(west)).not.toEqual(before))
  await established(west)
})

test('a link survives the restart of the router at its other end', async () => {
  const set = await clusterset()
  const tlsDir = await set.tlsDir('east')
  const east = await router({ tlsDir, routerId: '1'.repeat(32) })
  const { port } = east.network
  const west = await router({ tlsDir: await set.tlsDir('west'), links: [linkTo('east', port)] })
  await established(west)
  await east.network.stop()
  await eventually(() => expect(west.network.peers.reachable()).toEqual([]))
  await router({ tlsDir, port, routerId: '2'.repeat(32) })
  await eventually(() =>
    expect(stateOf(west)).toMatchObject({ kind: 'established', remoteRouter: '2'.repeat(32) }),
  )
})

test('a Link to the own cluster is refused and says so', async () => {
  const set = await clusterset()
  const east = await router({ tlsDir: await set.tlsDir('east') })
  const links = [linkTo('self', east.network.port)]
  const other = await router({ tlsDir: await set.tlsDir('east'), links })
  await eventually(() =>
    expect(stateOf(other)).toMatchObject({ lastError: expect.stringContaining('own cluster') }),
  )
})

test('a Link to a cluster of another root is refused by the dialling side', async () => {
  const set = await clusterset()
  const other = await clusterset()
  const east = await router({ tlsDir: await other.tlsDir('east') })
  const west = await router({ tlsDir: await set.tlsDir('west'), links: [linkTo('east', east.network.port)] })
  await eventually(() =>
    expect(stateOf(west)).toMatchObject({ lastError: expect.stringContaining('not trusted') }),
  )
  expect(west.network.peers.reachable()).toEqual([])
})

test('links follow the snapshot, and a snapshot that is not synced removes nothing', async () => {
  const set = await clusterset()
  const east = await router({ tlsDir: await set.tlsDir('east') })
  const west = await router({ tlsDir: await set.tlsDir('west') })
  const link = linkTo('east', east.network.port)
  west.snapshot.set({ ...emptyRouteSnapshot, synced: true, links: [link] })
  const before = await established(west)
  west.snapshot.set(emptyRouteSnapshot)
  west.snapshot.set({
    ...emptyRouteSnapshot,
    synced: true,
    links: [{ ...link, endpoints: [...link.endpoints] }],
  })
  expect(stateOf(west)).toMatchObject({ kind: 'established', since: before.since })
  west.snapshot.set({ ...emptyRouteSnapshot, synced: true })
  expect(west.network.linkStatus.current()).toEqual([])
  await eventually(() => expect(east.network.peers.reachable()).toEqual([]))
})

test('changed certificate files are taken by new connections, bad ones are not', async () => {
  const set = await clusterset()
  const mount = await set.tlsDir('east')
  const versions = join(mount, 'versions')
  await mkdir(versions)
  const swap = async (name: string, key?: string) => {
    const leaf = await issueCertificate(set.root, {
      commonName: name,
      uris: [uriOf('east', 'router')],
      usages: ['server', 'client'],
      days: 1,
    })
    const dir = join(versions, name)
    await mkdir(dir)
    await writeTlsFiles(dir, key === undefined ? leaf : { ...leaf, keyPem: key }, set.root.certPem)
    await symlink(dir, join(mount, `${name}.tmp`))
    await rename(join(mount, `${name}.tmp`), join(mount, '..data'))
    return leaf
  }
  const first = await swap('first')
  const files = new TlsFiles(
    { clock: systemClock, logger: silentLogger },
    new CredentialFolder(join(mount, '..data')),
  )
  await files.start()
  expect(files.current().certificate).toBe(first.certPem)
  const second = await swap('second')
  await files.reload()
  expect(files.current().certificate).toBe(second.certPem)
  await swap('third', first.keyPem)
  await files.reload()
  expect(files.current().certificate).toBe(second.certPem)
  expect(Object.values(TLS_FILES)).toHaveLength(3)
  await files.stop()
})
