import { X509Certificate } from 'node:crypto'
import { beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { KeyPair } from '../../../src/pki/certificates.ts'
import { verifyChain } from '../../../src/pki/chain.ts'
import {
  createClusterAuthority,
  fitsKey,
  readAuthorityRequest,
  requestAuthority,
  rootHash,
  signAuthority,
} from '../../../src/pki/cluster-authority.ts'
import { createRoot } from '../../../src/pki/clusterset-root.ts'
import { IdentityError, PkiError } from '../../../src/pki/errors.ts'
import { authorityIdentity } from '../../../src/pki/identity.ts'

const NOW = Date.UTC(2026, 5, 1)
const WEST = { clusterset: 'home', cluster: 'west' } as const

let root: KeyPair

beforeAll(async () => {
  root = await createRoot({ clusterset: 'home', days: 10 }, NOW)
})

test('a request says which cluster it is for and is signed with the key that stays at home', async () => {
  const { requestPem, keyPem } = await requestAuthority(WEST)
  expect(requestPem).not.toContain('PRIVATE')
  expect(await readAuthorityRequest(requestPem)).toMatchObject(WEST)
  const certificate = new X509Certificate(await signAuthority(root, requestPem, { ...WEST, days: 3 }, NOW))
  expect(fitsKey(certificate, keyPem)).toBe(true)
  expect(authorityIdentity(certificate)).toEqual(WEST)
  expect(certificate.ca).toBe(true)
  expect(certificate.checkIssued(new X509Certificate(root.certPem))).toBe(true)
})

test('a renewal may keep the key', async () => {
  const first = await requestAuthority(WEST)
  const again = await requestAuthority(WEST, first.keyPem)
  expect(again.keyPem).toBe(first.keyPem)
  const certificate = new X509Certificate(
    await signAuthority(root, again.requestPem, { ...WEST, days: 3 }, NOW),
  )
  expect(fitsKey(certificate, first.keyPem)).toBe(true)
})

test('a request for another cluster is not signed', async () => {
  const { requestPem } = await requestAuthority({ ...WEST, cluster: 'north' })
  await expect(signAuthority(root, requestPem, { ...WEST, days: 3 })).rejects.toThrow(
    'the certificate request is for cluster north of home',
  )
})

test('what is no request is refused with one kind of error', async () => {
  for (const text of ['', 'hello', root.certPem, 'A'.repeat(5000)])
    await expect(readAuthorityRequest(text)).rejects.toThrow(PkiError)
})

test('a damaged request is refused, or asks for the same with the same key', async () => {
  const { requestPem } = await requestAuthority(WEST)
  const der = Buffer.from(requestPem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
  const key = async (pem: string) => {
    const { publicKey, ...identity } = await readAuthorityRequest(pem)
    return { identity, key: await crypto.subtle.exportKey('jwk', publicKey) }
  }
  const asked = await key(requestPem)
  await fc.assert(
    fc.asyncProperty(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), async (place, flip) => {
      const bytes = Buffer.from(der)
      bytes[place] = (bytes[place] ?? 0) ^ flip
      const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
      // What is not signed, such as the length around it all, some readers do not mind.
      const read = await key(pem).catch((error: unknown) => {
        expect(error instanceof PkiError || error instanceof IdentityError).toBe(true)
        return asked
      })
      expect(read).toEqual(asked)
    }),
    { numRuns: 60 },
  )
})

test('after a revocation an authority begins in the next second, whatever second that was', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 600_000 }), async (ago) => {
      const revokedAt = NOW - ago
      const pair = await createClusterAuthority(root, { ...WEST, days: 1, revokedAt }, NOW + 1000)
      expect(new X509Certificate(pair.certPem).validFromDate.getTime()).toBeGreaterThan(revokedAt)
    }),
    { numRuns: 20 },
  )
})

test('the hash of a root is that of its certificate', async () => {
  expect(rootHash(root.certPem)).toBe(
    new X509Certificate(root.certPem).fingerprint256.replaceAll(':', '').toLowerCase(),
  )
  expect(() => rootHash('nothing')).toThrow('cannot be read')
})

test('an authority for one cluster is no good as a root', async () => {
  const west = await createClusterAuthority(root, { ...WEST, days: 1 }, NOW)
  const anchors = { clusterset: 'home', roots: [new X509Certificate(root.certPem)] }
  expect(() => verifyChain([new X509Certificate(west.certPem)], anchors, NOW)).toThrow(
    'an authority is shown',
  )
})
