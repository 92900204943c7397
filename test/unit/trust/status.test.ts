/** What a Trust says of certificates, and when they are looked at next. */
import { X509Certificate } from 'node:crypto'
import { beforeAll, describe, expect, test } from '@jest/globals'
import type { Trust } from '../../../src/api/trust.ts'
import { reportOf, reportTables } from '../../../src/cli/certs/certificates-report.ts'
import { isDone } from '../../../src/cli/certs/rotate.ts'
import { createClusterAuthority } from '../../../src/pki/cluster-authority.ts'
import { createRoot } from '../../../src/pki/clusterset-root.ts'
import { StatementReader } from '../../../src/pki/trust-statement.ts'
import { type ClusterAuthority, checkAuthority } from '../../../src/trust/authority-secret.ts'
import { LOOK_AFTER_MS, LOOK_EVERY_MS } from '../../../src/trust/limits.ts'
import { nextLook } from '../../../src/trust/next-look.ts'
import { trustStatus } from '../../../src/trust/trust-status.ts'
import type { MemberTrust, TrustView } from '../../../src/trust/trust-view.ts'

const NOW = Date.UTC(2026, 0, 1)
const DAY = 86_400_000
const TRUST: Trust = { metadata: { generation: 4 }, spec: {} }

let authority: ClusterAuthority
beforeAll(async () => {
  const root = await createRoot({ clusterset: 'shop', days: 1000 }, NOW)
  const { certPem, keyPem } = await createClusterAuthority(
    root,
    { clusterset: 'shop', cluster: 'west', days: 30 },
    NOW,
  )
  authority = checkAuthority(
    { roots: root.certPem, certificate: certPem, key: keyPem },
    new StatementReader(),
    NOW,
  )
})

const member = (more: Partial<MemberTrust> = {}): MemberTrust => ({
  kind: 'member',
  authority,
  leaves: [],
  isOffline: false,
  ...more,
})
const said = (view: TrustView, now = NOW) =>
  (trustStatus(TRUST, view, now).conditions ?? []).map(
    ({ type, status, reason }) => `${type} ${status} ${reason}`,
  )

describe('conditions', () => {
  test.each<[string, () => TrustView, number, string[]]>([
    ['no member', () => ({ kind: 'none' }), 0, ['Ready False WaitsToJoin']],
    ['all well', () => member(), 0, ['Ready True Member', 'CertificatesValid True Valid']],
    [
      'broken',
      () => ({ kind: 'broken', why: 'wrong key', hasEnded: false }),
      0,
      ['Ready False Invalid', 'CertificatesValid False Invalid'],
    ],
    [
      'ended',
      () => ({ kind: 'broken', why: 'over', hasEnded: true }),
      0,
      ['Ready False Expired', 'CertificatesValid False Expired'],
    ],
    [
      'a root in a folder, and renewal is due',
      () => member({ isOffline: true, due: 'old' }),
      21,
      ['Ready True Member', 'CertificatesValid False RootIsOffline'],
    ],
    [
      'renewal is due, and was asked for just now',
      () => member({ due: 'old' }),
      20,
      ['Ready True Member', 'CertificatesValid True Valid'],
    ],
    [
      'nobody has answered for long',
      () => member({ due: 'old' }),
      24,
      ['Ready True Member', 'CertificatesValid False FounderAway'],
    ],
    [
      'revoked',
      () => member({ authority: { ...authority, isRevoked: true } }),
      0,
      ['Ready False Revoked', 'CertificatesValid True Valid'],
    ],
  ])('%s', (_, view, days, conditions) => {
    expect(said(view(), NOW + days * DAY)).toEqual(conditions)
  })

  test('say which generation they are about, and when the authority ends', () => {
    const { conditions, ...status } = trustStatus(TRUST, member(), NOW)
    expect(conditions?.every(({ observedGeneration }) => observedGeneration === 4)).toBe(true)
    expect(status).toMatchObject({
      role: 'member',
      cluster: 'west',
      clusterset: 'shop',
      authority: { notAfter: '2026-01-31T00:00:00Z' },
    })
    expect(status.root?.renewAt).toBeUndefined()
  })
})

describe('the next look', () => {
  test('is when something is due, after a minute at the latest, and never at once', () => {
    expect(nextLook({ kind: 'none' }, NOW)).toBe(LOOK_EVERY_MS)
    expect(nextLook(member(), NOW)).toBe(LOOK_EVERY_MS)
    const leaf = { role: 'router' as const, certificate: authority.certificate }
    const due = (renewAt: number) =>
      member({ leaves: [{ ...leaf, lifetime: { made: NOW, ends: NOW + DAY, renewAt } }] })
    expect(nextLook(due(NOW + 5_000), NOW)).toBe(5_000)
    expect(nextLook(due(NOW + 1), NOW)).toBe(LOOK_AFTER_MS)
  })
})

describe('the command line', () => {
  test('shows certificates and members, and is content only with good ones', () => {
    const good = reportOf({ metadata: {}, status: trustStatus(TRUST, member(), NOW) })
    expect(good.healthy).toBe(true)
    expect(JSON.stringify(reportTables(good))).toContain('2026-01-31T00:00:00Z')
    expect(reportOf(undefined)).toMatchObject({ healthy: false, role: 'none' })
  })

  test('knows when a rotation is over', () => {
    const hash = (sha256: string) => ({ sha256, notAfter: '' })
    const rotating = (status: 'True' | 'False') => [
      { type: 'RootRotating', status, reason: '', message: '', lastTransitionTime: '' },
    ]
    expect(isDone('root', { root: hash('a') }, { root: hash('b'), conditions: rotating('True') })).toBe(false)
    expect(isDone('root', { root: hash('a') }, { root: hash('a'), conditions: rotating('False') })).toBe(
      false,
    )
    expect(isDone('root', { root: hash('a') }, { root: hash('b'), conditions: rotating('False') })).toBe(true)
    expect(isDone('authority', { authority: hash('a') }, { authority: hash('b') })).toBe(true)
    const leaves = (...all: string[]) => ({
      leaves: all.map((sha256, index) => ({ role: `${index}`, ...hash(sha256) })),
    })
    expect(isDone('leaves', leaves('a', 'b'), leaves('c', 'b'))).toBe(false)
    expect(isDone('leaves', leaves('a', 'b'), leaves('c', 'd'))).toBe(true)
    expect(new X509Certificate(authority.material.certificate).ca).toBe(true)
  })
})
