/** Derived Services that ask for addresses. */
import { expect, test } from '@jest/globals'
import type { Service } from '../../../src/api/objects.ts'
import { ensureAddressed } from '../../../src/exporter/addressed-service.ts'
import { ADDRESS_RETRY } from '../../../src/exporter/limits.ts'
import { ApiError } from '../../../src/kube/errors.ts'
import type { OwnedObjects } from '../../../src/kube/owned-objects.ts'

const invalid = () => new ApiError(422, { reason: 'Invalid', message: 'taken' }, 'apply')

/** An API server that refuses the first `refusals` Services; what each asked for, and the pauses between them. */
function asking(refusals: number, error: () => Error = invalid) {
  const asked: Service['spec'][] = []
  const pauses: number[] = []
  const services = {
    ensure: async (wanted: Service) => {
      asked.push(wanted.spec)
      if (asked.length <= refusals) throw error()
      return wanted
    },
  } as unknown as OwnedObjects<Service>
  const clock = { sleep: async (ms: number) => void pauses.push(ms) }
  return {
    asked,
    pauses,
    ensure: (spec: Service['spec']) => ensureAddressed(services, { metadata: {}, spec: spec ?? {} }, clock),
  }
}

const KEPT = { clusterIP: '10.96.7.7', clusterIPs: ['10.96.7.7'] }

test('an address that is taken for a moment only is asked for again', async () => {
  const { asked, pauses, ensure } = asking(2)
  expect((await ensure(KEPT)).spec).toMatchObject(KEPT)
  expect([asked.length, pauses]).toEqual([3, [ADDRESS_RETRY.pauseMs, ADDRESS_RETRY.pauseMs]])
})

test('one that stays taken is given up, for any other', async () => {
  const { asked, ensure } = asking(ADDRESS_RETRY.attempts)
  expect((await ensure(KEPT)).spec).not.toHaveProperty('clusterIP')
  expect(asked).toHaveLength(ADDRESS_RETRY.attempts + 1)
})

test('a family that the cluster lacks is asked for once', async () => {
  const { asked, pauses, ensure } = asking(1)
  await ensure({ ipFamilies: ['IPv6'] })
  expect(asked.map((each) => each?.ipFamilies)).toEqual([['IPv6'], undefined])
  expect(pauses).toEqual([])
})

test('other errors are not taken for that', async () => {
  const { asked, ensure } = asking(9, () => new Error('down'))
  await expect(ensure(KEPT)).rejects.toThrow('down')
  expect(asked).toHaveLength(1)
})
