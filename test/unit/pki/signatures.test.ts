import { X509Certificate } from 'node:crypto'
import { beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { KeyPair } from '../../../src/pki/certificates.ts'
import type { TrustAnchors } from '../../../src/pki/chain.ts'
import { createClusterAuthority } from '../../../src/pki/cluster-authority.ts'
import { createRoot, issueLeaf } from '../../../src/pki/clusterset-root.ts'
import { SignatureChecker, Signer, SigningContext } from '../../../src/pki/signatures.ts'
import {
  anchorsOf,
  type SignedStatement,
  StatementReader,
  signStatement,
  type TrustStatement,
} from '../../../src/pki/trust-statement.ts'

const NOW = Date.UTC(2026, 5, 1)
const DATA = Buffer.from('what east says')

let root: KeyPair
let next: KeyPair
let signer: Signer
let anchors: TrustAnchors

beforeAll(async () => {
  ;[root, next] = await Promise.all([
    createRoot({ clusterset: 'home', days: 10 }, NOW),
    createRoot({ clusterset: 'home', days: 10 }, NOW),
  ])
  const authority = await createClusterAuthority(root, { clusterset: 'home', cluster: 'east', days: 5 }, NOW)
  const request = { clusterset: 'home', cluster: 'east', role: 'controller', dnsNames: [], days: 1 } as const
  const leaf = await issueLeaf(authority, request, NOW)
  signer = new Signer({ certificate: leaf.certPem + authority.certPem, key: leaf.keyPem })
  anchors = { clusterset: 'home', roots: [new X509Certificate(root.certPem)] }
})

const checker = (limit = 8) => new SignatureChecker(() => anchors, limit)

test('a signature says who signed', () => {
  const shown = signer.sign(SigningContext.origin, DATA)
  const { identity } = checker().check(SigningContext.origin, DATA, shown, NOW)
  expect(identity).toEqual({ clusterset: 'home', cluster: 'east', role: 'controller' })
})

test('no other data, no other use and no other signature passes', () => {
  const shown = signer.sign(SigningContext.origin, DATA)
  const check = checker()
  expect(() => check.check(SigningContext.flow, DATA, shown, NOW)).toThrow('something else')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const other = Buffer.from(bytes)
      fc.pre(!other.equals(DATA))
      expect(() => check.check(SigningContext.origin, other, shown, NOW)).toThrow('something else')
      const value = other.toString('base64')
      expect(() => check.check(SigningContext.origin, DATA, { ...shown, value }, NOW)).toThrow(
        'something else',
      )
    }),
  )
})

test('a chain that was good is asked again when the anchors change or it ends', () => {
  const shown = signer.sign(SigningContext.origin, DATA)
  let present = anchors
  const check = new SignatureChecker(() => present, 1)
  check.check(SigningContext.origin, DATA, shown, NOW)
  expect(() => check.check(SigningContext.origin, DATA, shown, NOW + 2 * 86_400_000)).toThrow('expired')
  check.check(SigningContext.origin, DATA, shown, NOW)
  present = { ...anchors, revokedAt: () => NOW }
  expect(() => check.check(SigningContext.origin, DATA, shown, NOW)).toThrow('revoked')
})

test('texts that are no chain are refused', () => {
  const shown = signer.sign(SigningContext.origin, DATA)
  for (const chain of [[], ['AAAA'], Array<string>(9).fill(shown.chain[0] ?? '')])
    expect(() => checker().check(SigningContext.origin, DATA, { ...shown, chain }, NOW)).toThrow()
})

const statement = (changes: Partial<TrustStatement> = {}): TrustStatement => ({
  clusterset: 'home',
  version: 3,
  roots: [root.certPem],
  revoked: [{ cluster: 'west', at: NOW }],
  ...changes,
})

const reader = new StatementReader()

test('a statement that a trusted root signed says whom to trust', () => {
  const stored = JSON.stringify(signStatement(statement(), [root]))
  const read = reader.read(reader.decode(stored), anchors)
  expect(read).toEqual(statement())
  const { roots, revokedAt } = anchorsOf(read)
  expect(roots).toHaveLength(1)
  expect([revokedAt?.('west'), revokedAt?.('east')]).toEqual([NOW, undefined])
})

test('a new root is believed when the old one names it, and takes over', () => {
  const both = signStatement(statement({ roots: [next.certPem, root.certPem] }), [root, next])
  const read = reader.read(both, anchors)
  const later = signStatement(statement({ version: 4, roots: [next.certPem] }), [next])
  expect(() => reader.read(later, anchors)).toThrow('no root that is trusted')
  expect(reader.read(later, anchorsOf(read)).version).toBe(4)
})

test.each<[string, () => SignedStatement, string]>([
  ['another root', () => signStatement(statement(), [next]), 'no root that is trusted'],
  ['another clusterset', () => signStatement(statement({ clusterset: 'away' }), [root]), 'clusterset away'],
  ['no roots', () => signStatement(statement({ roots: [] }), [root]), 'cannot be read'],
  [
    'a root that is none',
    () => signStatement(statement({ roots: ['x'] }), [root]),
    'there is no certificate',
  ],
  ['a version of 0', () => signStatement(statement({ version: 0 }), [root]), 'cannot be read'],
  [
    'no cluster id',
    () => signStatement(statement({ revoked: [{ cluster: 'A B', at: 1 }] }), [root]),
    'what is no cluster',
  ],
  [
    'another text than was signed',
    () => ({ ...signStatement(statement(), [root]), statement: JSON.stringify(statement({ revoked: [] })) }),
    'no root that is trusted',
  ],
])('a statement with %s is refused', (_, signed, reason) => {
  expect(() => reader.read(signed(), anchors)).toThrow(reason)
})

test('texts that are no statement are refused, never thrown at', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      expect(() => reader.decode(text)).toThrow(/trust statement/)
    }),
  )
  expect(() => reader.decode(`"${'x'.repeat(200_000)}"`)).toThrow('too long')
})
