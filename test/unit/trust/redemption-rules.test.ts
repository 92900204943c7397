/** Who is let in by an invite, as a table. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Invite, Redemption } from '../../../src/api/invite.ts'
import { type Applicant, type FounderView, judge } from '../../../src/trust/join/redemption-rules.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')
const key = (n: number) => String(n).repeat(64)
const entry = (cluster: string, n = 1): Redemption => ({
  cluster,
  key: key(n),
  at: '2026-06-01T11:59:00Z',
  certificate: 'PEM',
})

function invite(spec: Invite['spec'] = {}, status: Partial<Invite['status']> = {}): Invite {
  return { metadata: { name: 'invite' }, spec, status: { expiresAt: '2026-06-01T12:00:01Z', ...status } }
}

const west: Applicant = { clusterset: 'harbour', cluster: 'west', key: key(1) }
const nobody: FounderView = { clusterset: 'harbour', now: NOW, isTaken: () => false, revoked: [] }
const at = '2026-06-01T11:00:00.000Z'

const CASES: readonly (readonly [
  what: string,
  invite: Invite,
  applicant: Applicant,
  view: FounderView,
  outcome: string,
])[] = [
  ['the first that comes', invite(), west, nobody, 'new'],
  ['the last second', invite({}, { expiresAt: '2026-06-01T12:00:00.001Z' }), west, nobody, 'new'],
  ['the moment of its end', invite({}, { expiresAt: '2026-06-01T12:00:00Z' }), west, nobody, 'Expired'],
  ['an invite without a code yet', invite({}, { expiresAt: undefined as never }), west, nobody, 'Expired'],
  ['the cluster that is named', invite({ clusterId: 'west' }), west, nobody, 'new'],
  ['another than the named one', invite({ clusterId: 'north' }), west, nobody, 'OtherCluster'],
  ['another clusterset', invite(), { ...west, clusterset: 'lake' }, nobody, 'OtherClusterset'],
  ['the same once more', invite({}, { redemptions: [entry('west')] }), west, nobody, 'again'],
  [
    'the same once more, when it is a member',
    invite({}, { redemptions: [entry('west')] }),
    west,
    { ...nobody, isTaken: () => true },
    'again',
  ],
  ['the same with another key', invite({}, { redemptions: [entry('west', 2)] }), west, nobody, 'UsedUp'],
  ['a second cluster', invite({}, { redemptions: [entry('north')] }), west, nobody, 'UsedUp'],
  ['a second of two', invite({ redemptions: 2 }, { redemptions: [entry('north')] }), west, nobody, 'new'],
  ['an id that is taken', invite(), west, { ...nobody, isTaken: () => true }, 'ClusterIdTaken'],
  [
    'one that was revoked after the invite',
    invite(),
    west,
    { ...nobody, revoked: [{ cluster: 'west', at }] },
    'Revoked',
  ],
  [
    'one that was revoked again after the invite',
    invite({}, { revoked: [{ cluster: 'west', at: '2026-05-01T11:00:00.000Z' }] }),
    west,
    { ...nobody, revoked: [{ cluster: 'west', at }] },
    'Revoked',
  ],
  [
    'one that was revoked before the invite',
    invite({}, { revoked: [{ cluster: 'west', at }] }),
    west,
    { ...nobody, revoked: [{ cluster: 'west', at }] },
    'new',
  ],
  ['one when another was revoked', invite(), west, { ...nobody, revoked: [{ cluster: 'north', at }] }, 'new'],
  [
    'one that had been let in and was revoked',
    invite({}, { redemptions: [entry('west')] }),
    west,
    { ...nobody, revoked: [{ cluster: 'west', at }] },
    'Revoked',
  ],
]

test.each(CASES)('%s', (_what, wanted, applicant, view, outcome) => {
  const judgement = judge(wanted, applicant, view)
  expect(judgement.kind === 'refused' ? judgement.reason : judgement.kind).toBe(outcome)
})

test('in whatever order clusters come, no more are let in than the invite says, and each again as often as it likes', () => {
  const comer = fc.record({
    cluster: fc.constantFrom('a', 'b', 'c', 'd'),
    key: fc.constantFrom(key(1), key(2)),
  })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(comer, { maxLength: 40 }), (redemptions, comers) => {
      const found: Redemption[] = []
      for (const each of comers) {
        const view = { ...nobody, isTaken: (cluster: string) => found.some((one) => one.cluster === cluster) }
        const { kind } = judge(invite({ redemptions }, { redemptions: found }), { ...west, ...each }, view)
        const before = found.some((one) => one.cluster === each.cluster && one.key === each.key)
        expect(kind === 'again').toBe(before)
        if (kind === 'new') found.push({ ...entry(each.cluster), key: each.key })
      }
      expect(found.length).toBeLessThanOrEqual(redemptions)
      expect(new Set(found.map(({ cluster }) => cluster)).size).toBe(found.length)
    }),
  )
})
