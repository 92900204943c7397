import { describe, expect, test } from '@jest/globals'
import type { OriginState } from '../../../src/api/service-record.ts'
import type { Trust } from '../../../src/api/trust.ts'
import { ApiError } from '../../../src/kube/errors.ts'
import type { KubeClient } from '../../../src/kube/types.ts'
import { MAX_REVOKED } from '../../../src/pki/limits.ts'
import { leftMembers, revokeCluster, withRevoked } from '../../../src/trust/revocations.ts'
import { withReadmissions } from '../../../src/trust/statement-maker.ts'

const AT = '2026-02-03T04:05:06.789Z'
const EARLIER = '2026-01-01T00:00:00.000Z'

const member = (cluster: string, issuedAt = EARLIER) => ({
  cluster,
  issuedAt,
  notAfter: '2036-01-01T00:00:00Z',
  serial: '01',
})

function trustOf(revoked: readonly { cluster: string; at: string }[] = []): Trust {
  const members = [member('east'), member('south')]
  return { metadata: { resourceVersion: '7' }, spec: { found: true, revoked }, status: { members } }
}

function directory(...left: string[]) {
  return new Map(
    left.map((cluster): [string, OriginState] => [
      cluster,
      { cluster, epoch: 1, sequence: 1, records: new Map(), facts: { left: Date.parse(EARLIER) } },
    ]),
  )
}

describe('the list of revoked clusters', () => {
  test('has each cluster once, with its last revocation', () => {
    const list = withRevoked([{ cluster: 'east', at: EARLIER }], 'east', AT)
    expect(list).toEqual([{ cluster: 'east', at: AT }])
    expect(withRevoked(list, 'south', AT).map(({ cluster }) => cluster)).toEqual(['east', 'south'])
  })

  test('has an end, and who is in it already still fits', () => {
    const full = Array.from({ length: MAX_REVOKED }, (_, index) => ({ cluster: `c${index}`, at: EARLIER }))
    expect(() => withRevoked(full, 'east', AT)).toThrow('256 clusters are revoked')
    expect(withRevoked(full, 'c3', AT)).toHaveLength(MAX_REVOKED)
  })

  test('is changed on the version that was read, and read again when that is another', async () => {
    const patches: unknown[] = []
    const client = {
      get: async () => trustOf(),
      patch: async (...[, , , patch]: [unknown, unknown, unknown, unknown]) => {
        patches.push(patch)
        if (patches.length === 1) throw new ApiError(409, { reason: 'Conflict' }, 'patch')
      },
    } as unknown as Pick<KubeClient, 'get' | 'patch'>
    await revokeCluster({ client, namespace: 'fairlead-system' }, 'east', AT)
    expect(patches).toHaveLength(2)
    expect(patches[1]).toEqual({
      metadata: { resourceVersion: '7' },
      spec: { revoked: [{ cluster: 'east', at: AT }] },
    })
  })
})

describe('members that have left', () => {
  const now = Date.parse('2026-03-01T00:00:00Z')

  test('are those that say so, once', () => {
    expect(leftMembers(trustOf(), directory('east'), now).map(({ cluster }) => cluster)).toEqual(['east'])
    expect(leftMembers(trustOf([{ cluster: 'east', at: AT }]), directory('east'), now)).toEqual([])
  })

  test('are not those that were invited again since', () => {
    const trust = { ...trustOf(), status: { members: [member('east', AT)] } }
    expect(leftMembers(trust, directory('east'), now)).toEqual([])
  })

  test('are no strangers that say so', () => {
    expect(leftMembers(trustOf(), directory('north'), now)).toEqual([])
  })
})

test('a revoked cluster with an authority from after that is said to be a member again', () => {
  const at = Date.parse(AT)
  const revoked = [
    { cluster: 'east', at },
    { cluster: 'south', at },
  ]
  const members = [member('east', '2026-02-03T04:05:07Z'), member('south', '2026-02-03T04:05:06Z')]
  expect(withReadmissions(revoked, members)).toEqual([
    { cluster: 'east', at, readmitted: true },
    { cluster: 'south', at },
  ])
})
