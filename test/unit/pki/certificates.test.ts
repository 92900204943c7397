import { createPrivateKey, X509Certificate } from 'node:crypto'
import { beforeAll, expect, test } from '@jest/globals'
import { createAuthority, issueCertificate, type KeyPair } from '../../../src/pki/certificates.ts'
import { certificateIdentity } from '../../../src/pki/identity.ts'

const MINUTE_MS = 60_000
const NOW = Date.UTC(2026, 5, 1)
const URI = 'spiffe://home/cluster/east/router'

let authority: KeyPair

beforeAll(async () => {
  authority = await createAuthority({ commonName: 'root', days: 10 }, NOW)
})

const leafOf = async (request = {}, now = NOW) => {
  const pair = await issueCertificate(
    authority,
    { commonName: 'leaf', usages: ['server', 'client'], days: 2, ...request },
    now,
  )
  return { pair, certificate: new X509Certificate(pair.certPem) }
}

test('a leaf is signed by its authority and fits its key', async () => {
  const { pair, certificate } = await leafOf()
  const root = new X509Certificate(authority.certPem)
  expect(certificate.verify(root.publicKey)).toBe(true)
  expect(certificate.checkIssued(root)).toBe(true)
  expect(certificate.checkPrivateKey(createPrivateKey(pair.keyPem))).toBe(true)
  expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' })
})

test('only the authority may sign', async () => {
  const { pair, certificate } = await leafOf()
  expect(new X509Certificate(authority.certPem).ca).toBe(true)
  expect(certificate.ca).toBe(false)
  await expect(issueCertificate(pair, { commonName: 'x', usages: [], days: 1 })).rejects.toThrow('not one')
})

test('names, organization and usages are those asked for', async () => {
  const { certificate } = await leafOf({
    commonName: 'admin',
    organization: 'system:masters',
    dnsNames: ['api.example', 'localhost'],
    ips: ['127.0.0.1', '::1'],
    uris: [URI],
    usages: ['client'],
  })
  expect(certificate.subject).toBe('O=system:masters\nCN=admin')
  expect(certificate.checkHost('api.example')).toBe('api.example')
  expect(certificate.checkIP('::1')).toBe('::1')
  expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2'])
  expect(certificateIdentity(certificate)).toEqual({ clusterset: 'home', cluster: 'east', role: 'router' })
})

test('it is valid from five minutes ago, and never longer than its authority', async () => {
  const { certificate } = await leafOf({ days: 2 })
  expect(certificate.validFromDate.getTime()).toBe(NOW - 5 * MINUTE_MS)
  expect(certificate.validToDate.getTime()).toBe(NOW + 2 * 24 * 60 * MINUTE_MS)
  const long = await leafOf({ days: 300 })
  expect(long.certificate.validToDate).toEqual(new X509Certificate(authority.certPem).validToDate)
})

test('serial numbers are positive, long and never the same', async () => {
  const serials = await Promise.all(
    Array.from({ length: 20 }, async () => (await leafOf()).certificate.serialNumber),
  )
  expect(new Set(serials).size).toBe(20)
  for (const serial of serials) expect(serial).toMatch(/^[0-7][0-9A-F]{31}$/)
})

test('a life of no days or of centuries is refused', async () => {
  await expect(leafOf({ days: 0 })).rejects.toThrow('days')
  await expect(leafOf({ days: 100_000 })).rejects.toThrow('days')
})
