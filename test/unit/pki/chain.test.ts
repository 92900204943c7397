import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { issueAuthority, issueCertificate, type KeyPair } from '../../../src/pki/certificates.ts'
import {
  certificateSha256,
  decodeCertificate,
  encodeCertificate,
  readCertificates,
  type TrustAnchors,
  type VerifiedChain,
  verifyChain,
} from '../../../src/pki/chain.ts'
import { createClusterAuthority } from '../../../src/pki/cluster-authority.ts'
import { createRoot, issueLeaf } from '../../../src/pki/clusterset-root.ts'
import type { ChainError } from '../../../src/pki/errors.ts'
import type { Role } from '../../../src/pki/identity.ts'
import { generateKeys, keyToPem, loadX509 } from '../../../src/pki/x509.ts'

const NOW = Date.UTC(2026, 5, 1)
const HOUR_MS = 3_600_000
const SET = 'home'

let root: KeyPair
let foreign: KeyPair
let east: KeyPair

const authorityOf = (cluster: string, issuer = root, clusterset = SET, now = NOW): Promise<KeyPair> =>
  createClusterAuthority(issuer, { clusterset, cluster, days: 5 }, now)

const leafUnder = (
  authority: KeyPair,
  cluster = 'east',
  { role = 'router', clusterset = SET, days = 1 }: { role?: Role; clusterset?: string; days?: number } = {},
  now = NOW,
): Promise<KeyPair> =>
  issueLeaf(authority, { clusterset, cluster, role, dnsNames: [`${role}.${cluster}`], days }, now)

const certificates = (...pairs: readonly KeyPair[]): X509Certificate[] =>
  pairs.map(({ certPem }) => new X509Certificate(certPem))

const anchors = (changes: Partial<TrustAnchors> = {}): TrustAnchors => ({
  clusterset: SET,
  roots: certificates(root),
  ...changes,
})

const faultOf = (run: () => VerifiedChain): string => {
  try {
    run()
    return 'none'
  } catch (error) {
    return (error as ChainError).fault
  }
}

beforeAll(async () => {
  ;[root, foreign] = await Promise.all([
    createRoot({ clusterset: SET, days: 10 }, NOW),
    createRoot({ clusterset: SET, days: 10 }, NOW),
  ])
  east = await authorityOf('east')
})

describe('a chain that holds', () => {
  test('is a leaf, the authority of its cluster and a root, shown or not', async () => {
    const leaf = await leafUnder(east)
    const expected = {
      identity: { clusterset: SET, cluster: 'east', role: 'router' },
      validUntil: NOW + 24 * HOUR_MS,
      since: new X509Certificate(east.certPem).validFromDate.getTime(),
    }
    expect(verifyChain(certificates(leaf, east), anchors(), NOW)).toEqual(expected)
    expect(verifyChain(certificates(leaf, east, root), anchors(), NOW)).toEqual(expected)
    expect(verifyChain(certificates(leaf, root, east), anchors(), NOW)).toEqual(expected)
  })

  test('may be a leaf that the root signed itself', async () => {
    const leaf = await leafUnder(root, 'site')
    expect(verifyChain(certificates(leaf), anchors(), NOW).identity.cluster).toBe('site')
  })

  test('leads to either root while one replaces the other', async () => {
    const other = await authorityOf('east', foreign)
    const chain = certificates(await leafUnder(other), other)
    expect(faultOf(() => verifyChain(chain, anchors(), NOW))).toBe('untrusted')
    const both = anchors({ roots: certificates(root, foreign) })
    expect(verifyChain(chain, both, NOW).identity.cluster).toBe('east')
  })

  test('begins at most as far ahead as clocks differ', async () => {
    const chain = certificates(await leafUnder(east), east)
    expect(verifyChain(chain, anchors(), NOW - 9 * 60_000).identity.cluster).toBe('east')
    expect(faultOf(() => verifyChain(chain, anchors(), NOW - 11 * 60_000))).toBe('expired')
  })

  test('of a cluster that was revoked begins after that', async () => {
    const chain = certificates(await leafUnder(east), east)
    const revokedAt = (at: number) =>
      anchors({ revokedAt: (cluster) => (cluster === 'east' ? at : undefined) })
    expect(faultOf(() => verifyChain(chain, revokedAt(NOW), NOW))).toBe('revoked')
    const again = await createClusterAuthority(
      root,
      { clusterset: SET, cluster: 'east', days: 5, revokedAt: NOW },
      NOW + 1000,
    )
    const renewed = certificates(await leafUnder(again, 'east', {}, NOW + 1000), again)
    expect(verifyChain(renewed, revokedAt(NOW), NOW + 2000).identity.cluster).toBe('east')
  })
})

describe('a chain that does not hold', () => {
  test.each<[name: string, fault: string, chain: () => Promise<readonly KeyPair[]>]>([
    ['nothing', 'untrusted', async () => []],
    ['a leaf without its authority', 'untrusted', async () => [await leafUnder(east)]],
    [
      'an authority that did not sign the leaf',
      'untrusted',
      async () => [await leafUnder(east), await authorityOf('east')],
    ],
    [
      'the authority of another cluster',
      'identity',
      async () => {
        const west = await authorityOf('west')
        return [await leafUnder(west, 'east'), west]
      },
    ],
    [
      'the authority of another clusterset',
      'identity',
      async () => {
        const other = await authorityOf('east', root, 'away')
        return [await leafUnder(other), other]
      },
    ],
    [
      'another clusterset all along',
      'clusterset',
      async () => {
        const other = await authorityOf('east', root, 'away')
        return [await leafUnder(other, 'east', { clusterset: 'away' }), other]
      },
    ],
    [
      'a root nobody knows',
      'untrusted',
      async () => {
        const other = await authorityOf('east', foreign)
        return [await leafUnder(other), other, foreign]
      },
    ],
    ['an authority in the place of a leaf', 'usage', async () => [east, root]],
    ['a root in the place of a leaf', 'usage', async () => [root]],
    [
      'a leaf that signs leaves',
      'usage',
      async () => {
        const leaf = await leafUnder(east)
        const keys = await generateKeys()
        const keyPem = await keyToPem(await loadX509(), keys.privateKey)
        return [await signedByLeaf(leaf, keyPem), leaf, east]
      },
    ],
    [
      'an authority under an authority',
      'untrusted',
      async () => {
        const below = await subAuthority(east)
        return [await leafUnder(below), below, east]
      },
    ],
    [
      'a leaf for one side of TLS only',
      'usage',
      async () => {
        const uris = [`spiffe://${SET}/cluster/east/router`]
        const request = { commonName: 'x', uris, usages: ['client'], days: 1 } as const
        return [await issueCertificate(east, request, NOW), east]
      },
    ],
    [
      'a leaf with two identities',
      'identity',
      async () => {
        const uris = ['east', 'west'].map((cluster) => `spiffe://${SET}/cluster/${cluster}/router`)
        const request = { commonName: 'x', uris, usages: ['client', 'server'], days: 1 } as const
        return [await issueCertificate(east, request, NOW), east]
      },
    ],
    [
      'an authority that names a process',
      'identity',
      async () => {
        const odd = await subAuthority(root, [`spiffe://${SET}/cluster/east/router`])
        return [await leafUnder(odd), odd]
      },
    ],
    [
      'an authority without a name',
      'identity',
      async () => {
        const odd = await subAuthority(root, [])
        return [await leafUnder(odd), odd]
      },
    ],
    ['too many certificates', 'untrusted', async () => [await leafUnder(east), east, root, root, root]],
  ])('%s', async (_, fault, chain) => {
    const shown = certificates(...(await chain()))
    expect(faultOf(() => verifyChain(shown, anchors(), NOW))).toBe(fault)
  })

  test('an expired leaf, and an expired authority', async () => {
    const chain = certificates(await leafUnder(east), east)
    expect(faultOf(() => verifyChain(chain, anchors(), NOW + 25 * HOUR_MS))).toBe('expired')
    const short = await createClusterAuthority(root, { clusterset: SET, cluster: 'east', days: 1 / 24 }, NOW)
    const capped = certificates(await leafUnder(short), short)
    expect(faultOf(() => verifyChain(capped, anchors(), NOW + 2 * HOUR_MS))).toBe('expired')
  })
})

test('certificates travel as base64 and are read back the same, in no other way', async () => {
  const [leaf] = certificates(await leafUnder(east)) as [X509Certificate]
  expect(decodeCertificate(encodeCertificate(leaf)).raw.equals(leaf.raw)).toBe(true)
  expect(certificateSha256(leaf)).toMatch(/^[0-9a-f]{64}$/)
  const withMore = Buffer.concat([leaf.raw, Buffer.from([21])]).toString('base64')
  for (const text of [withMore, ` ${encodeCertificate(leaf)}`, `${encodeCertificate(leaf)}====`])
    expect(() => decodeCertificate(text)).toThrow('something beside it')
})

test('bundles are read in their order, and nothing else is', () => {
  const bundle = `comment\n${root.certPem}\n${foreign.certPem}`
  expect(readCertificates(bundle).map(certificateSha256)).toEqual(
    certificates(root, foreign).map(certificateSha256),
  )
  expect(() => readCertificates('')).toThrow('there is no certificate')
  expect(() => readCertificates(root.certPem.repeat(9))).toThrow('more than 8 certificates')
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'
  expect(() => readCertificates(broken)).toThrow('cannot be read')
  expect(() => decodeCertificate('A'.repeat(20_000))).toThrow('too long')
})

/** What an authority makes that may not make any. */
async function subAuthority(
  issuer: KeyPair,
  uris: readonly string[] = [`spiffe://${SET}/cluster/east`],
): Promise<KeyPair> {
  const keys = await generateKeys()
  const keyPem = await keyToPem(await loadX509(), keys.privateKey)
  const request = { commonName: 'below', days: 2, uris, publicKey: keys.publicKey }
  return { keyPem, certPem: await issueAuthority(issuer, request, NOW) }
}

/** Our own code signs with authorities only, so the certificate is made by hand. */
async function signedByLeaf(leaf: KeyPair, keyPem: string): Promise<KeyPair> {
  const x509 = await loadX509()
  const parent = new x509.X509Certificate(leaf.certPem)
  const keys = await generateKeys()
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: ['below'] }],
    issuer: parent.subjectName.toJSON(),
    publicKey: keys.publicKey,
    signingKey: await crypto.subtle.importKey(
      'pkcs8',
      x509.PemConverter.decodeFirst(leaf.keyPem),
      { name: 'ECDSA', namedCurve: 'P-256' },
      false,
      ['sign'],
    ),
    notBefore: new Date(NOW),
    notAfter: new Date(NOW + HOUR_MS),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.serverAuth,
        x509.ExtendedKeyUsage.clientAuth,
      ]),
      new x509.SubjectAlternativeNameExtension([
        { type: 'url', value: `spiffe://${SET}/cluster/east/router` },
      ]),
    ],
  })
  return { keyPem, certPem: certificate.toString('pem') }
}
