/** Chains of certificates that do not hold, each shown to an accepting router and to a dialling one, over real TLS. */
import { createServer, type Server } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Alpn } from '../../../src/api/names.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { CredentialFolder } from '../../../src/link/credential-folder.ts'
import { PeerRefusedError, type RefusalReason } from '../../../src/link/errors.ts'
import { dialTls } from '../../../src/link/tls-connect.ts'
import { createAuthority, issueCertificate, type KeyPair } from '../../../src/pki/certificates.ts'
import {
  createClusterAuthority,
  requestAuthority,
  signAuthority,
} from '../../../src/pki/cluster-authority.ts'
import { leafUnder, TestClusterset, uriOf } from '../../support/clusterset.ts'
import { eventually } from '../../support/eventually.ts'
import { linkTo, sample, startNetwork, type TestNetwork, tlsOf } from '../../support/network.ts'
import { gone, tlsSocket } from '../../support/stranger.ts'

const DAY_MS = 86_400_000
const REVOKED_AT = Date.now() - 10_000

let set: TestClusterset
let east: TestNetwork
let stranger: KeyPair
const dialling = () => tlsOf(new CredentialFolder(eastDir))
let eastDir: string

beforeAll(async () => {
  set = await TestClusterset.create()
  stranger = await createAuthority({ commonName: 'test root', days: 1 })
  eastDir = await set.memberDir('east', await set.authority('east'))
  const statement = set.statement(1, [{ cluster: 'gone', at: REVOKED_AT }])
  await new CredentialFolder(eastDir).keepTrust(JSON.stringify(statement))
  east = await startNetwork({ tlsDir: eastDir })
})

afterAll(async () => {
  await east.network.stop()
  await set[Symbol.asyncDispose]()
})

const stateOf = ({ network }: TestNetwork) => network.linkStatus.current()[0]?.state
const rules = (cluster: string, clusterset = 'test-set') => ({ clusterset, cluster, days: 1 })
const leaf = (authority: KeyPair, changes: object = {}, now?: number) =>
  issueCertificate(
    authority,
    {
      commonName: 'test',
      uris: [uriOf('west', 'router')],
      usages: ['server', 'client'],
      days: 1,
      ...changes,
    },
    now,
  )
const chain = (first: KeyPair, ...rest: KeyPair[]): KeyPair => ({
  keyPem: first.keyPem,
  certPem: [first, ...rest].map(({ certPem }) => certPem).join(''),
})

interface Case {
  readonly name: string
  readonly reason: RefusalReason
  /** What the dialling side says where OpenSSL stops the chain sooner there. */
  readonly dialled?: RefusalReason
  readonly make: () => Promise<KeyPair>
}

const CASES: readonly Case[] = [
  {
    name: 'an authority that signs for another cluster',
    reason: 'identity',
    make: async () => leafUnder(await set.authority('south'), 'west'),
  },
  {
    name: 'an authority shown as the certificate of a router',
    reason: 'usage',
    make: async () => set.authority('west'),
  },
  {
    name: 'a certificate signed by that of a router',
    reason: 'untrusted',
    make: async () => {
      // The same name and key as an authority would have, so that only its extensions tell.
      const router = await leaf(set.root, { commonName: 'authority.west' })
      const { requestPem } = await requestAuthority(rules('west'), router.keyPem)
      const certPem = await signAuthority(set.root, requestPem, rules('west'))
      return chain(await leaf({ keyPem: router.keyPem, certPem }), router)
    },
  },
  {
    name: 'a certificate for clients only',
    reason: 'usage',
    make: () => leaf(set.root, { usages: ['client'] }),
  },
  {
    name: 'a certificate for servers only',
    reason: 'usage',
    make: () => leaf(set.root, { usages: ['server'] }),
  },
  {
    name: 'an authority of another clusterset under the same root',
    reason: 'clusterset',
    make: async () => {
      const authority = await createClusterAuthority(set.root, rules('west', 'other-set'))
      return chain(await leaf(authority, { uris: [uriOf('west', 'router', 'other-set')] }), authority)
    },
  },
  {
    name: 'an authority whose clusterset is not that of its leaf',
    reason: 'identity',
    make: async () => {
      const authority = await createClusterAuthority(set.root, rules('west', 'other-set'))
      return chain(await leaf(authority), authority)
    },
  },
  {
    name: 'a router of another clusterset under the same root',
    reason: 'clusterset',
    make: () => leaf(set.root, { uris: [uriOf('west', 'router', 'other-set')] }),
  },
  {
    name: 'an authority that has expired, with a leaf that has too',
    reason: 'expired',
    make: async () => {
      const authority = await createClusterAuthority(set.root, rules('west'), Date.now() - 2 * DAY_MS)
      return chain(await leaf(authority), authority)
    },
  },
  {
    name: 'a certificate that is not valid yet',
    reason: 'expired',
    make: () => leaf(set.root, {}, Date.now() + DAY_MS / 2),
  },
  {
    name: 'an authority under a root of the same name that is not ours',
    reason: 'untrusted',
    make: async () => {
      const authority = await createClusterAuthority(stranger, rules('west'))
      return chain(await leaf(authority), authority)
    },
  },
  {
    name: 'an authority that is not shown',
    reason: 'untrusted',
    make: async () => leaf(await set.authority('west')),
  },
  {
    name: 'the authority of the cluster beside a leaf of another root',
    reason: 'untrusted',
    make: async () => chain(await leaf(stranger), await set.authority('west')),
  },
  {
    name: 'an authority without a cluster',
    reason: 'identity',
    make: async () => {
      const authority = await createAuthority({ commonName: 'test root', days: 1 })
      return chain(await leaf(set.root, { uris: [] }), authority)
    },
  },
  {
    name: 'two identities',
    reason: 'identity',
    make: () => leaf(set.root, { uris: [uriOf('west', 'router'), uriOf('south', 'router')] }),
  },
  {
    name: 'the id of an authority in the place of a router',
    reason: 'identity',
    make: () => leaf(set.root, { uris: ['spiffe://test-set/cluster/west'] }),
  },
  {
    name: 'an authority from before its cluster was revoked',
    reason: 'revoked',
    make: async () => leafUnder(await set.authority('gone'), 'gone'),
  },
  {
    name: 'a certificate right under the root from before its cluster was revoked',
    reason: 'revoked',
    make: () => leaf(set.root, { uris: [uriOf('gone', 'router')] }),
  },
]

describe.each(CASES)('$name', ({ reason, dialled = reason, make }) => {
  test('is refused by who accepts', async () => {
    const refused = () => sample(east.metrics, `fairlead_link_refused_total{reason="${reason}"}`)
    const dir = await set.keep(await make())
    for (const protocol of [Alpn.control, Alpn.data]) {
      const before = await refused()
      await gone(await tlsSocket(east.network.port, dir, { ALPNProtocols: [protocol] }))
      await eventually(async () => expect(await refused()).toBe(before + 1))
    }
  })

  test('is refused by who dials', async () => {
    await using server = await serving(await make())
    const tls = dialling()
    await tls.start()
    const target = { endpoint: { host: '127.0.0.1', port: server.port } }
    const attempt = dialTls({ clock: systemClock }, target, tls, Alpn.control, AbortSignal.timeout(20_000))
    const error = await attempt.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(PeerRefusedError)
    expect((error as PeerRefusedError).reason).toBe(dialled)
    await tls.stop()
  })
})

test.each([
  ['of an authority', async () => leafUnder(await set.authority('west'), 'west')],
  ['right under the root', () => leaf(set.root)],
  [
    'with the root behind it',
    async () => chain(await leafUnder(await set.authority('west'), 'west'), set.root),
  ],
  [
    'of an authority from after the revocation',
    async () => leafUnder(await set.authority('gone', REVOKED_AT), 'gone'),
  ],
])('a router with a certificate %s is linked', async (_name, make) => {
  const tlsDir = await set.keep(await make())
  const peer = await startNetwork({ tlsDir, links: [linkTo('east', east.network.port)] })
  await eventually(() => expect(stateOf(peer)?.kind).toBe('established'))
  await peer.network.stop()
})

test('the status of the Link says why the peer is refused', async () => {
  await using server = await serving(await leafUnder(await set.authority('gone'), 'gone'))
  const tlsDir = await set.memberDir('west', await set.authority('west'))
  const statement = set.statement(2, [{ cluster: 'gone', at: REVOKED_AT }])
  await new CredentialFolder(tlsDir).keepTrust(JSON.stringify(statement))
  const west = await startNetwork({ tlsDir, links: [linkTo('gone', server.port)] })
  await eventually(() => expect(JSON.stringify(stateOf(west))).toContain('cluster gone was revoked'))
  await west.network.stop()
})

/** A TLS server that shows this chain and asks for none. */
async function serving({ certPem: cert, keyPem: key }: KeyPair) {
  const server: Server = createServer({ cert, key, ALPNProtocols: [Alpn.control, Alpn.data] }, (socket) =>
    socket.on('error', () => {}),
  )
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return { port, [Symbol.asyncDispose]: async () => void server.close() }
}
