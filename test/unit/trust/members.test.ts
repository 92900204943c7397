/** Who may have which cluster id. */
import { describe, expect, test } from '@jest/globals'
import type { Trust } from '../../../src/api/trust.ts'
import { MAX_MEMBERS } from '../../../src/trust/limits.ts'
import { withMember } from '../../../src/trust/members.ts'

const NOW = Date.UTC(2026, 6, 1)
const entry = (
  cluster: string,
  serial = 'aa',
  issuedAt = '2026-06-01T00:00:00Z',
  notAfter = '2027-06-01T00:00:00Z',
) => ({
  cluster,
  issuedAt,
  notAfter,
  serial,
})
const trust = (
  members: ReturnType<typeof entry>[],
  revoked: { cluster: string; at: string }[] = [],
): Trust => ({
  metadata: {},
  spec: { revoked },
  status: { members },
})
const never = () => false

describe('a cluster id', () => {
  test('that is free is given, in order', () => {
    const found = withMember(trust([entry('west')]), entry('east'), never, NOW)
    expect(found).toMatchObject({ kind: 'registered', members: [{ cluster: 'east' }, { cluster: 'west' }] })
  })

  test('that is taken is refused, and replaced by who may', () => {
    const present = trust([entry('west')])
    expect(withMember(present, entry('west', 'bb'), never, NOW)).toMatchObject({
      kind: 'taken',
      by: { serial: 'aa' },
    })
    const mine = withMember(present, entry('west', 'bb'), ({ serial }) => serial === 'aa', NOW)
    expect(mine).toMatchObject({ kind: 'registered', members: [{ serial: 'bb' }] })
  })

  test('whose authority has ended, or was revoked, is free', () => {
    const ended = trust([entry('west', 'aa', '2025-01-01T00:00:00Z', '2026-01-01T00:00:00Z')])
    expect(withMember(ended, entry('west', 'bb'), never, NOW).kind).toBe('registered')
    const revoked = trust([entry('west')], [{ cluster: 'west', at: '2026-06-02T00:00:00Z' }])
    expect(withMember(revoked, entry('west', 'bb'), never, NOW).kind).toBe('registered')
    const earlier = trust([entry('west')], [{ cluster: 'west', at: '2026-05-01T00:00:00Z' }])
    expect(withMember(earlier, entry('west', 'bb'), never, NOW).kind).toBe('taken')
  })

  test('is refused when the list is full, not to those who are in it', () => {
    const full = trust(Array.from({ length: MAX_MEMBERS }, (_, index) => entry(`c${index}`)))
    expect(withMember(full, entry('west'), never, NOW)).toEqual({ kind: 'full' })
    expect(withMember(full, entry('c7', 'bb'), () => true, NOW).kind).toBe('registered')
  })
})
