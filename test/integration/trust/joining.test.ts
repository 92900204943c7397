/** A cluster that joins by the file of an invite: to its end, through faults, and against those who are not the founder. */
import { X509Certificate } from 'node:crypto'
import { createServer as createTcpServer, type Server, connect as tcpConnect } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { parseAllDocuments } from 'yaml'
import type { LinkResource } from '../../../src/api/link.ts'
import type { ClusterProperty } from '../../../src/api/mcs.ts'
import { ClusterPropertyName, SYSTEM_NAMESPACE } from '../../../src/api/names.ts'
import { Resource } from '../../../src/api/resources.ts'
import { createClusterAuthority } from '../../../src/pki/cluster-authority.ts'
import { createRoot, issueLeaf } from '../../../src/pki/clusterset-root.ts'
import type { Role } from '../../../src/pki/identity.ts'
import { authorityOwner, loadAuthority } from '../../../src/trust/authority-secret.ts'
import { newCode } from '../../../src/trust/join/invite-code.ts'
import { eventually } from '../../support/eventually.ts'
import { FoundingCluster, JoiningCluster, SET } from '../../support/join-world.ts'

const namespace = SYSTEM_NAMESPACE

let east: FoundingCluster
let west: JoiningCluster
let cleanups: (() => unknown)[] = []
beforeAll(async () => {
  east = await FoundingCluster.start()
}, 30_000)
afterAll(() => east?.[Symbol.asyncDispose]())
beforeEach(async () => {
  west = await JoiningCluster.start()
})
afterEach(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
  cleanups = []
  await west[Symbol.asyncDispose]()
})

/** The objects in an invite's file. */
async function fileOf(name: string): Promise<object[]> {
  return parseAllDocuments(await east.file(name)).map((document) => document.toJS() as object)
}

async function property(name: string): Promise<string | undefined> {
  return (await west.api.client.get<ClusterProperty>(Resource.clusterProperty, { name }))?.spec.value
}

test('the file of an invite makes a cluster a member, with a Link, and leaves no secret behind but the authority', async () => {
  await east.invite('to-west', { clusterId: 'west', cost: 3 })
  await west.apply(await fileOf('to-west'))
  expect(await west.reached('to-west', 'Joined')).toBe(
    'cluster west is a member of clusterset harbour; Link east dials it',
  )
  expect(await west.secrets()).toEqual(['fairlead-authority'])
  const material = await loadAuthority(west.api.client, namespace)
  expect(material && authorityOwner(material)).toEqual({ clusterset: SET, cluster: 'west' })
  const link = await west.api.client.get<LinkResource>(Resource.link, { namespace, name: 'east' })
  expect(link?.spec).toMatchObject({ endpoints: [{ host: 'east.example', port: 5671 }], cost: 3 })
  expect(await property(ClusterPropertyName.clusterId)).toBe('west')
  expect(await property(ClusterPropertyName.clusterset)).toBe(SET)
  expect(west.events).toContainEqual(expect.objectContaining({ type: 'Normal', reason: 'Joined' }))
  expect(await east.members()).toContain('west')
})

test('who the cluster is may be said by its ClusterProperty, also later', async () => {
  await east.invite('by-property')
  await west.apply(await fileOf('by-property'))
  await west.reached('by-property', 'NoClusterId')
  await west.api.client.create<ClusterProperty>(Resource.clusterProperty, {
    metadata: { name: ClusterPropertyName.clusterId },
    spec: { value: 'north' },
  })
  expect(await west.reached('by-property', 'Joined')).toContain('cluster north')
})

test('a cluster that waits for its code goes on when it comes', async () => {
  await east.invite('late-code', { clusterId: 'late' })
  const [secret, request] = (await fileOf('late-code')) as [never, never]
  await west.api.client.apply(Resource.joinRequest, request, { fieldManager: 'kubectl' })
  await west.reached('late-code', 'NoCode')
  await west.api.client.apply(Resource.secret, secret, { fieldManager: 'kubectl' })
  await west.reached('late-code', 'Joined')
})

/** A port that passes connections on to the founder's, as the test decides. */
async function proxy(pass: (connection: number) => 'on' | 'cut' | 'swallow answers'): Promise<number> {
  let connections = 0
  const server = createTcpServer((client) => {
    connections += 1
    const how = pass(connections)
    client.on('error', () => {})
    if (how === 'cut') return void client.destroy()
    const upstream = tcpConnect({ host: '127.0.0.1', port: east.port() })
    upstream.on('error', () => client.destroy()).on('close', () => client.destroy())
    client.on('close', () => upstream.destroy())
    client.pipe(upstream)
    let hello: number | undefined
    upstream.on('data', (bytes: Buffer) => {
      // What the client had sent when the server's part of the handshake came: its hello.
      hello ??= client.bytesRead
      const asked = client.bytesRead - hello > FINISHED_BYTES
      if (how === 'swallow answers' && asked) client.destroy()
      else client.write(bytes)
    })
  })
  return await listening(server)
}

/** More than what ends a client's handshake, and less than that with a request. */
const FINISHED_BYTES = 300

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => server.close())
  return (server.address() as { port: number }).port
}

const urlOf = (port: number) => `https://127.0.0.1:${port}`

test('a cluster whose answer was lost comes again with the same key, and is counted once', async () => {
  await east.invite('cut-off', { clusterId: 'cut-off' })
  const port = await proxy((connection) => (connection === 1 ? 'swallow answers' : 'on'))
  await west.apply(await fileOf('cut-off'), { url: urlOf(port) })
  await west.reached('cut-off', 'Unreachable')
  expect((await east.status('cut-off')).redeemed).toBe(1)
  await west.reached('cut-off', 'Joined')
  expect((await east.status('cut-off')).redemptions).toMatchObject([{ cluster: 'cut-off' }])
})

test('a controller that ends midway is followed by one that goes on with the same key', async () => {
  await east.invite('restarted', { clusterId: 'restarted' })
  let lost = true
  const port = await proxy(() => (lost ? 'swallow answers' : 'on'))
  await west.apply(await fileOf('restarted'), { url: urlOf(port) })
  await west.reached('restarted', 'Unreachable')
  await west.stopController()
  lost = false
  await west.startController()
  await west.reached('restarted', 'Joined')
  expect((await east.status('restarted')).redeemed).toBe(1)
})

test('a founder that cannot be reached is tried until it can', async () => {
  await east.invite('unreachable', { clusterId: 'unreachable' })
  let open = false
  const port = await proxy(() => (open ? 'on' : 'cut'))
  await west.apply(await fileOf('unreachable'), { url: urlOf(port) })
  await west.reached('unreachable', 'Unreachable')
  open = true
  await west.reached('unreachable', 'Joined')
})

test('a wrong code is refused for good, and a new file with the right one is not', async () => {
  await east.invite('mistyped', { clusterId: 'mistyped' })
  const [secret, request] = (await fileOf('mistyped')) as [{ stringData: object }, object]
  const [key = ''] = Object.keys(secret.stringData)
  await west.apply([{ ...secret, stringData: { [key]: newCode() } }, request])
  expect(await west.reached('mistyped', 'UnknownCode')).toContain('ask for a new invite')
  await east.invite('retyped', { clusterId: 'mistyped' })
  await west.apply(await fileOf('retyped'))
  await west.reached('retyped', 'Joined')
})

/** Who may be told what: what is prepared at the founder, and what is put into the JoinRequest. */
const FINAL = [
  ['Expired', { ttl: '1m' }, {}],
  ['OtherCluster', { clusterId: 'someone' }, { clusterId: 'someone-else' }],
  ['ClusterIdTaken', {}, { clusterId: 'east' }],
] as const

test.each(FINAL)('%s is said on both sides', async (reason, spec, asked) => {
  const name = `refused-${reason.toLowerCase()}`
  await east.invite(name, spec)
  const file = await fileOf(name)
  if (reason === 'Expired') east.clock.move(60_000)
  await west.apply(file, { clusterId: 'nobody', ...asked })
  expect(await west.reached(name, reason)).not.toBe('')
  expect(east.events).toContainEqual(expect.objectContaining({ about: name, reason }))
  expect(west.events).toContainEqual(expect.objectContaining({ about: name, reason, type: 'Warning' }))
})

test('a cluster that is a member already joins nothing else', async () => {
  await east.invite('once', { clusterId: 'once' })
  await west.apply(await fileOf('once'))
  await west.reached('once', 'Joined')
  await east.invite('another', { clusterId: 'once' })
  await west.apply(await fileOf('another'))
  expect(await west.reached('another', 'AlreadyMember')).toContain('fairlead leave')
})

test('a cluster with another id or clusterset does not become another one', async () => {
  await west.api.client.create<ClusterProperty>(Resource.clusterProperty, {
    metadata: { name: ClusterPropertyName.clusterset },
    spec: { value: 'another' },
  })
  await east.invite('differing', { clusterId: 'differing' })
  await west.apply(await fileOf('differing'))
  expect(await west.reached('differing', 'MembershipDiffers')).toContain('another')
})

/** A TLS server that writes down what it is told. */
async function impostor(leaf: {
  certificate: string
  key: string
}): Promise<{ port: number; heard(): string }> {
  let heard = ''
  const server = createTlsServer(
    { cert: leaf.certificate, key: leaf.key, minVersion: 'TLSv1.3' },
    (socket) => {
      socket
        .on('error', () => {})
        .on('data', (bytes) => {
          heard += bytes.toString()
        })
    },
  )
  return { port: await listening(server), heard: () => heard }
}

/** A chain as the founder's port shows it, with one thing that is not as it should be. */
async function chain(change: {
  readonly cluster?: string
  readonly role?: Role
  readonly root?: 'own'
  readonly clusterset?: string
  readonly expired?: boolean
}): Promise<{ certificate: string; key: string }> {
  const clusterset = change.clusterset ?? SET
  const cluster = change.cluster ?? 'east'
  const root = change.root === 'own' ? await createRoot({ clusterset, days: 10 }) : east.root
  const authority = await createClusterAuthority(root, { clusterset, cluster, days: 10 })
  const leaf = await issueLeaf(
    authority,
    { clusterset, cluster, role: change.role ?? 'controller', dnsNames: ['x'], days: 1 },
    change.expired ? Date.now() - 3 * 86_400_000 : Date.now(),
  )
  return { certificate: leaf.certPem + authority.certPem + root.certPem, key: leaf.keyPem }
}

test.each([
  ['with a root of its own', { root: 'own' }],
  ['of another member', { cluster: 'member' }],
  ['that is a router of the founder', { role: 'router' }],
  ['of another clusterset under the same root', { clusterset: 'other' }],
  ['with a certificate that has ended', { expired: true }],
] as const)('an impostor %s is not told the code', async (what, change) => {
  const name = `impostor-${what.replaceAll(/[^a-z]/g, '')}`.slice(0, 50)
  await east.invite(name, { clusterId: 'careful' })
  const other = await impostor(await chain(change))
  await west.apply(await fileOf(name), { url: urlOf(other.port) })
  expect(await west.reached(name, 'Untrusted')).toContain('the code was not sent')
  expect(other.heard()).toBe('')
})

test('an answer for somebody else is not taken', async () => {
  await east.invite('exchanged', { clusterId: 'exchanged' })
  const { certificate, key } = await chain({})
  const foreign = await createClusterAuthority(east.root, { clusterset: SET, cluster: 'exchanged', days: 1 })
  const body = JSON.stringify({
    certificate: foreign.certPem,
    roots: [east.root.certPem],
    founder: 'east',
    endpoints: [],
  })
  const server = createTlsServer({ cert: certificate, key }, (socket) => {
    socket
      .on('error', () => {})
      .once('data', () => {
        socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`)
      })
  })
  await west.apply(await fileOf('exchanged'), { url: urlOf(await listening(server)) })
  expect(await west.reached('exchanged', 'BadAnswer')).toContain('not the key')
  expect(await west.secrets()).not.toContain('fairlead-authority')
})

test('nothing of the code or the key is in what a joining cluster tells', async () => {
  const code = await east.invite('silent', { clusterId: 'silent' })
  await west.apply(await fileOf('silent'))
  await west.reached('silent', 'Joined')
  const { client } = west.api
  const told = await eventually(async () =>
    JSON.stringify([west.events, await client.list(Resource.joinRequest), await client.list(Resource.link)]),
  )
  expect(told).not.toContain(code)
  expect(told).not.toContain('PRIVATE KEY')
  expect(new X509Certificate((await loadAuthority(client, namespace))?.certificate ?? '').ca).toBe(true)
})
