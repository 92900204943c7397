/** Where a process has its certificate from: waited for, taken when it changes, and the statement kept beside it. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { UsageError } from '../../../src/core/errors.ts'
import { CredentialFolder } from '../../../src/link/credential-folder.ts'
import { TRUST_FILE } from '../../../src/link/credential-source.ts'
import { TestClusterset } from '../../support/clusterset.ts'
import { eventually } from '../../support/eventually.ts'
import { MemoryCredentials } from '../../support/memory-credentials.ts'
import { linkTo, record, startClient, startNetwork, tlsOf } from '../../support/network.ts'

const cleanups: (() => PromiseLike<unknown>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function clusterset(): Promise<TestClusterset> {
  const set = await TestClusterset.create()
  cleanups.push(() => set[Symbol.asyncDispose]())
  return set
}

test('a router without a certificate waits, says so, and takes links as soon as it has one', async () => {
  const set = await clusterset()
  const source = new MemoryCredentials()
  const tls = tlsOf(source)
  await tls.start()
  expect(tls.notReady()).toEqual(['waits for its certificate'])
  const starting = startNetwork({ tlsDir: source })
  source.set(await new CredentialFolder(await set.tlsDir('east')).read())
  const east = await starting
  cleanups.push(() => east.network.stop())
  await tls.whenPresent
  expect(tls.notReady()).toEqual([])
  const links = [linkTo('east', east.network.port)]
  const west = await startNetwork({ tlsDir: await set.tlsDir('west'), links })
  cleanups.push(() => west.network.stop())
  await eventually(() => expect(west.network.peers.reachable()).toEqual(['east']))
})

test('a controller without a certificate connects once it has one', async () => {
  const set = await clusterset()
  const east = await startNetwork({ tlsDir: await set.tlsDir('east') })
  cleanups.push(() => east.network.stop())
  const source = new MemoryCredentials()
  const controller = await startClient(source, east.network.port)
  cleanups.push(() => controller.stop())
  expect(() => controller.identity).toThrow(UsageError)
  source.set(await new CredentialFolder(await set.tlsDir('east', 'controller')).read())
  await eventually(() => expect(controller.connected.current()).toBe(true))
  const web = record('web')
  controller.publish({
    cluster: 'east',
    epoch: 1,
    sequence: 1,
    records: new Map([['demo/web', web]]),
    facts: {},
  })
  await eventually(() => expect(east.network.directory.current().get('east')?.records.size).toBe(1))
})

test('a client that is stopped while it waits ends', async () => {
  const controller = await startClient(new MemoryCredentials(), 1)
  await controller.stop()
  expect(controller.connected.current()).toBe(false)
})

test('what is bad at first is waited for where the source waits, and is an error where it does not', async () => {
  const set = await clusterset()
  const good = await new CredentialFolder(await set.tlsDir('east')).read()
  const source = new MemoryCredentials({ ...good, certificate: 'nonsense' })
  const tls = tlsOf(source)
  await tls.start()
  expect(tls.notReady()).not.toEqual([])
  source.set(good)
  expect((await tls.whenPresent).identity.cluster).toBe('east')
  await expect(tlsOf('/nothing/here').start()).rejects.toThrow(/^\/nothing\/here\/.+ cannot be read$/)
})

test('of many hints the last content counts', async () => {
  const set = await clusterset()
  const read = async () => new CredentialFolder(await set.tlsDir('east')).read()
  const source = new MemoryCredentials(await read())
  const tls = tlsOf(source)
  await tls.start()
  let last = await read()
  for (let round = 0; round < 5; round++) {
    last = await read()
    source.set(last)
  }
  await eventually(() => expect(tls.current().certificate).toBe(last.certificate))
})

test('a folder keeps a trust statement beside the certificate, and nothing else', async () => {
  const set = await clusterset()
  const dir = await set.tlsDir('east')
  const folder = new CredentialFolder(dir)
  expect(await folder.read()).not.toHaveProperty('trust')
  const before = await readdir(dir)
  await folder.keepTrust('{"first":1}')
  await folder.keepTrust('{"second":2}')
  expect((await folder.read()).trust).toBe('{"second":2}')
  expect(await readFile(join(dir, TRUST_FILE), 'utf8')).toBe('{"second":2}')
  expect((await readdir(dir)).sort()).toEqual([...before, TRUST_FILE].sort())
})

test('a folder that cannot be written says which file', async () => {
  const missing = new CredentialFolder('/nothing/here')
  await expect(missing.keepTrust('{}')).rejects.toThrow('/nothing/here/trust.json cannot be written')
})
